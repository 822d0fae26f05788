dnl STKGATE_APACHE: whether the Apache module is built: $have_apache, yes or no, and HAVE_APACHE for Makefile.am;
dnl APACHE_CPPFLAGS, APR_LIBS. apxs only tells where the headers are: it would compile with its own flags.
AC_DEFUN([STKGATE_APACHE], [
AC_ARG_WITH([apache],
    [AS_HELP_STRING([--with-apache], [insist on the Apache module; --without-apache leaves it out])],
    [], [with_apache=check])
have_apache=no
AS_IF([test "x$with_apache" != xno],
    [AC_PATH_PROGS([APXS], [apxs2 apxs], [], [$PATH$PATH_SEPARATOR/usr/sbin])
     AC_PATH_PROGS([APR_CONFIG], [apr-1-config apr-config], [])
     AS_IF([test -n "$APXS" && test -n "$APR_CONFIG"],
        [apache_includes=$($APXS -q INCLUDEDIR)
         apr_includes=$($APR_CONFIG --includedir)
         dnl Warnings are for our own code.
         APACHE_CPPFLAGS="-isystem $apache_includes -isystem $apr_includes $($APR_CONFIG --cppflags)"
         APR_LIBS=$($APR_CONFIG --link-ld)
         save_CPPFLAGS=$CPPFLAGS
         CPPFLAGS="$CPPFLAGS $APACHE_CPPFLAGS"
         AC_MSG_CHECKING([for the headers of httpd 2.4 in $apache_includes])
         AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <httpd.h>
#include <ap_mmn.h>
#if !AP_MODULE_MAGIC_AT_LEAST(20120211, 0)
#error older than 2.4
#endif
]])], [have_apache=yes])
         AC_MSG_RESULT([$have_apache])
         CPPFLAGS=$save_CPPFLAGS])
     AS_IF([test "x$have_apache:$with_apache" = xno:yes],
        [AC_MSG_ERROR([no headers of httpd 2.4: apt-get install apache2-dev, or leave out --with-apache])])])
AC_SUBST([APACHE_CPPFLAGS])
AC_SUBST([APR_LIBS])
AC_SUBST([server_libdir])
AM_CONDITIONAL([HAVE_APACHE], [test "x$have_apache" = xyes])])
