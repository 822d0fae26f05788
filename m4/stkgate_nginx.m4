dnl STKGATE_NGINX: whether the nginx module is built: $have_nginx, yes or no, and HAVE_NGINX for Makefile.am
AC_DEFUN([STKGATE_NGINX], [have_nginx=no
AM_CONDITIONAL([HAVE_NGINX], [test "x$have_nginx" = xyes])])
