#include "daemon/admin/facts.h"

#include <stdio.h>

#include "daemon/admin/answer.h"
#include "daemon/admin/printable.h"
#include "lib/core/moment.h"

#define LABEL_WIDTH 12

void facts_begin(const char *label)
{
    if (label)
        printf("%*s: ", LABEL_WIDTH, label);
    else
        printf("%*s", LABEL_WIDTH + 2, "");
}

void facts_text(const char *label, const char *text)
{
    if (!text || !*text)
        return;
    facts_begin(label);
    printable_write(stdout, text);
    putchar('\n');
}

void facts_time(const struct admin *admin, const char *label, const json_t *object,
                const char *member, const char *instead)
{
    int64_t at_s;
    if (answer_time(object, member, &at_s)) {
        char text[MOMENT_TEXT_MAX], relative[ANSWER_TEXT_MAX];
        moment_rfc3339(at_s, text);
        facts_begin(label);
        fputs(text, stdout);
        if (admin->terminal.is_terminal) {
            answer_relative(at_s, admin->now_s, relative);
            printf(" (%s)", relative);
        }
        putchar('\n');
    } else {
        facts_text(label, instead);
    }
}
