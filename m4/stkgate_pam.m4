dnl STKGATE_PAM: whether the PAM module is built: $have_pam, yes or no, and HAVE_PAM for Makefile.am. And where it
dnl goes: libpam looks in the directory `security` beside itself, unless this is an installation of somebody's own.
AC_DEFUN([STKGATE_PAM], [
AC_ARG_WITH([pam],
    [AS_HELP_STRING([--with-pam], [build pam_stkgate.so, or fail (default: when libpam0g-dev is there)])],
    [], [with_pam=check])
AC_ARG_WITH([pamdir],
    [AS_HELP_STRING([--with-pamdir=DIR], [where the PAM module goes])], [], [with_pamdir=])
have_pam=no
AS_IF([test "x$with_pam" != xno],
    [AC_CHECK_HEADER([security/pam_modules.h],
        [save_LIBS=$LIBS
         AC_CHECK_LIB([pam], [pam_syslog], [have_pam=yes])
         LIBS=$save_LIBS])
     AS_IF([test "x$with_pam" = xyes && test $have_pam = no],
        [AC_MSG_ERROR([PAM not found: apt-get install libpam0g-dev, or leave --with-pam out])])])
PAM_LIBS=
AS_IF([test $have_pam = yes],
    [PAM_LIBS=-lpam
     AS_CASE([$with_pamdir:$server_libdir],
        [yes:*|no:*], [AC_MSG_ERROR([--with-pamdir needs a directory])],
        [:/usr/lib],
            [AC_MSG_CHECKING([where libpam looks for modules])
             # /lib is a link to /usr/lib, and a package puts nothing into a link.
             pam_libdir=`$PKG_CONFIG --variable=libdir pam 2>/dev/null | $SED 's,^/lib,/usr/lib,'`
             AS_IF([test -z "$pam_libdir"],
                [pam_libdir=`$CC -print-multiarch 2>/dev/null`
                 pam_libdir=/usr/lib${pam_libdir:+/$pam_libdir}])
             with_pamdir=$pam_libdir/security
             AC_MSG_RESULT([$with_pamdir])],
        [:*], [with_pamdir='${libdir}/security'])])
AC_SUBST([PAM_LIBS])
# Not `pamdir`: with `exec` in its name it is a directory for programs, which automake installs with those.
AC_SUBST([pamexecdir], [$with_pamdir])
AM_CONDITIONAL([HAVE_PAM], [test "x$have_pam" = xyes])])
