#include "daemon/admin/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void terminal_inspect(struct terminal *ret)
{
    *ret = (struct terminal){.is_terminal = isatty(STDOUT_FILENO) == 1};
    if (!ret->is_terminal)
        return;
    const char *no_color = getenv("NO_COLOR"); /* the convention: set and not empty */
    const char *term = getenv("TERM");
    ret->has_colour =
        !(no_color && *no_color) && term && *term != '\0' && strcmp(term, "dumb") != 0;
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        ret->columns = size.ws_col;
}

const char *terminal_begin(const struct terminal *terminal, enum style style)
{
    static const char *const sequences[] = {
        [STYLE_PLAIN] = "",           [STYLE_HEADING] = "\033[1m", [STYLE_GOOD] = "\033[32m",
        [STYLE_WARNING] = "\033[33m", [STYLE_BAD] = "\033[31m",    [STYLE_FAINT] = "\033[2m",
    };
    return terminal->has_colour ? sequences[style] : "";
}

const char *terminal_end(const struct terminal *terminal, enum style style)
{
    return terminal->has_colour && style != STYLE_PLAIN ? "\033[0m" : "";
}

enum style terminal_style_of_state(const char *state)
{
    if (strcmp(state, "active") == 0)
        return STYLE_GOOD;
    if (strcmp(state, "suspended") == 0)
        return STYLE_WARNING;
    if (strcmp(state, "revoked") == 0)
        return STYLE_BAD;
    return STYLE_FAINT;
}
