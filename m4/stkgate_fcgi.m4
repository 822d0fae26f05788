dnl STKGATE_FCGI: whether the FastCGI authorizer is built: $have_fcgi, yes or no, and HAVE_FCGI for Makefile.am
AC_DEFUN([STKGATE_FCGI], [
AC_ARG_WITH([fcgi],
    [AS_HELP_STRING([--with-fcgi], [insist on the FastCGI authorizer (libfcgi-dev); default: when it is there])],
    [], [with_fcgi=auto])
have_fcgi=no
AS_IF([test "x$with_fcgi" != xno],
    [PKG_CHECK_MODULES([FCGI], [fcgi >= 2.4], [have_fcgi=yes], [:])])
AS_IF([test "x$with_fcgi" = xyes && test "x$have_fcgi" = xno],
    [AC_MSG_ERROR([libfcgi not found: apt-get install libfcgi-dev, or run ./bootstrap deps])])
AM_CONDITIONAL([HAVE_FCGI], [test "x$have_fcgi" = xyes])])
