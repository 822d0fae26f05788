dnl STKGATE_PAM: whether the PAM module is built: $have_pam, yes or no, and HAVE_PAM for Makefile.am
AC_DEFUN([STKGATE_PAM], [have_pam=no
AM_CONDITIONAL([HAVE_PAM], [test "x$have_pam" = xyes])])
