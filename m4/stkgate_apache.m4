dnl STKGATE_APACHE: whether the Apache module is built: $have_apache, yes or no, and HAVE_APACHE for Makefile.am
AC_DEFUN([STKGATE_APACHE], [have_apache=no
AM_CONDITIONAL([HAVE_APACHE], [test "x$have_apache" = xyes])])
