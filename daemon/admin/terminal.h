/* terminal.h - what standard output is, and how words are coloured on it
 */
#ifndef STKGATE_ADMIN_TERMINAL_H
#define STKGATE_ADMIN_TERMINAL_H

#include <stdbool.h>

struct terminal {
    bool is_terminal;
    bool has_colour;  /* is_terminal, and neither NO_COLOR nor a dumb TERM says otherwise */
    unsigned columns; /* 0: unbounded */
};

enum style {
    STYLE_PLAIN = 0,
    STYLE_HEADING,
    STYLE_GOOD,
    STYLE_WARNING,
    STYLE_BAD,
    STYLE_FAINT,
};

/* Of standard output. */
void terminal_inspect(struct terminal *ret);

/* The escape sequences around a word of this style; "" without colour. Static. */
const char *terminal_begin(const struct terminal *terminal, enum style style);
const char *terminal_end(const struct terminal *terminal, enum style style);

/* The style of a token's state: "active", "suspended", "revoked", "expired". */
enum style terminal_style_of_state(const char *state);

#endif
