dnl STKGATE_NGINX: whether the nginx module is built: $have_nginx, yes or no, and HAVE_NGINX for Makefile.am.
dnl NGINX_SRC is where Debian's nginx-dev has nginx's headers and its configure, which the build lets make
dnl ngx_auto_config.h with the options of Debian's nginx: a module of another build would not be loaded.
AC_DEFUN([STKGATE_NGINX], [
AC_ARG_WITH([nginx],
    [AS_HELP_STRING([--with-nginx@<:@=DIR@:>@],
        [build the nginx module; DIR: the source that nginx-dev brings (/usr/share/nginx/src)])],
    [], [with_nginx=check])
NGINX_SRC=/usr/share/nginx/src
have_nginx=no
AS_CASE([$with_nginx], [yes|no|check], [], [NGINX_SRC=$with_nginx])
AS_IF([test "x$with_nginx" != xno],
    [AC_MSG_CHECKING([for nginx's headers])
     AS_IF([test -r "$NGINX_SRC/conf_flags" && test -x "$NGINX_SRC/configure" &&
            test -r "$NGINX_SRC/src/http/ngx_http.h"],
        [have_nginx=yes])
     AC_MSG_RESULT([$have_nginx])
     AS_IF([test "x$with_nginx$have_nginx" != xcheckno && test "x$have_nginx" = xno],
        [AC_MSG_ERROR([no nginx headers in $NGINX_SRC: apt-get install nginx-dev])])])
AC_SUBST([NGINX_SRC])
AS_CASE([$prefix], [NONE|/usr|/usr/local],
    [nginxconfdir=/usr/share/nginx/modules-available],
    [nginxconfdir='${datadir}/nginx/modules-available'])
AC_SUBST([nginxmoduledir], ["$server_libdir/nginx/modules"])
AC_SUBST([nginxconfdir])
AM_CONDITIONAL([HAVE_NGINX], [test "x$have_nginx" = xyes])])
