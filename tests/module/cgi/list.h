/* list.h - LIST("A=1", "B=2"): variables as execve(2) has them */
#ifndef STKGATE_TESTS_MODULE_CGI_LIST_H
#define STKGATE_TESTS_MODULE_CGI_LIST_H

#define LIST(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})

#endif
