/* login_answer.h - a row's request as a PAM login: the site is the user, the credential the
 * password */
#ifndef STKGATE_TESTS_FACES_LOGIN_ANSWER_H
#define STKGATE_TESTS_FACES_LOGIN_ANSWER_H

#include "tests/faces/answer.h"
#include "tests/faces/request.h"

/* address: "pam:PROGRAM CONFDIR", PROGRAM being login.c. service: the file in CONFDIR; of a
 * legacy key, SERVICE-legacy. Sets the
 * status that PAM's answer comes to, and no field. True; false: PAM can't put this request, since
 * it has more than one credential and one site, or bytes that are no text. */
bool login_answer(const char *address, const char *service, const struct request *request,
                  struct answer *ret);

#endif
