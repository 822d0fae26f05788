/* listener.h - the socket that `stkgate authorizer` was given to listen on
 */
#ifndef STKGATE_MODULE_CGI_LISTENER_H
#define STKGATE_MODULE_CGI_LISTENER_H

/* From systemd (LISTEN_PID, LISTEN_FDS; one alone), else what FastCGI has in the place of standard
 * input, from lighttpd's bin-path or spawn-fcgi. Makes it non-blocking and close-on-exec, and takes
 * systemd's variables from the environment. 0; or -ENOTSOCK: none was given, -E2BIG: systemd has
 * more than one for us, -EINVAL: what was given does not listen, or not for a stream; or -errno. */
int listener_take(int *ret_fd);

#endif
