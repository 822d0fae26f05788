#include "module/cgi/firstline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t";

bool firstline_is(char *const argv[])
{
    return argv[0] && strpbrk(argv[0], blanks);
}

/* Something, and not the dashes alone, stands behind the first "--". */
static bool names_a_program(char *const words[], int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], "--") == 0)
            return i + 1 < count;
    return false;
}

int firstline_split(int argc, char *argv[], int *ret_argc, char ***ret)
{
    /* A word is one byte at least, and a blank is between two. */
    size_t room = strlen(argv[0]) / 2 + 1 + (size_t)argc + 1;
    char **words = calloc(room, sizeof *words);
    if (!words)
        return -ENOMEM;
    int count = 0;
    char *left = NULL;
    for (char *word = strtok_r(argv[0], blanks, &left); word; word = strtok_r(NULL, blanks, &left))
        words[count++] = word;
    if (!names_a_program(words, count)) {
        free(words);
        return -EINVAL;
    }
    for (int i = 1; i < argc; i++)
        words[count++] = argv[i];
    *ret_argc = count;
    *ret = words;
    return 0;
}
