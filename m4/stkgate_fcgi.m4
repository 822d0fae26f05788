dnl STKGATE_FCGI: whether the FastCGI authorizer is built: $have_fcgi, yes or no, and HAVE_FCGI for Makefile.am
AC_DEFUN([STKGATE_FCGI], [have_fcgi=no
AM_CONDITIONAL([HAVE_FCGI], [test "x$have_fcgi" = xyes])])
