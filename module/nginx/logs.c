#include "module/nginx/logs.h"

#include <errno.h>

#include "module/nginx/mask.h"

/* The writer that a log had, if any. */
struct masked {
    ngx_log_t *log;
    ngx_log_writer_pt writer;
    void *wdata;
};

/* As nginx does it where there is no writer; what can't be written is lost, as there. */
static void write_to_file(ngx_log_t *log, u_char *line, size_t len)
{
    if (log->file == NULL || ngx_time() == log->disk_full_time)
        return;
    if (ngx_write_fd(log->file->fd, line, len) == -1 && ngx_errno == NGX_ENOSPC)
        log->disk_full_time = ngx_time();
}

/* log may be a copy of the one that was remembered: connections have their own. The writer before
 * us finds its data where it was; and what it logs itself goes past us to it. */
static void write_masked(ngx_log_t *log, ngx_uint_t level, u_char *line, size_t len)
{
    struct masked *masked = log->wdata;

    mask_secrets(line, len);
    if (masked->writer == NULL) {
        write_to_file(log, line, len);
        return;
    }
    log->writer = masked->writer;
    log->wdata = masked->wdata;
    log->writer(log, level, line, len);
    log->writer = write_masked;
    log->wdata = masked;
}

static void unmask(void *data)
{
    struct masked *masked = data;
    if (masked->log->writer != write_masked)
        return;
    masked->log->writer = masked->writer;
    masked->log->wdata = masked->wdata;
}

static int mask(ngx_cycle_t *cycle, ngx_log_t *log)
{
    if (log->writer == write_masked)
        return 0;
    ngx_pool_cleanup_t *cleanup = ngx_pool_cleanup_add(cycle->pool, sizeof(struct masked));
    if (cleanup == NULL)
        return -ENOMEM;
    struct masked *masked = cleanup->data;
    *masked = (struct masked){log, log->writer, log->wdata};
    cleanup->handler = unmask;
    log->wdata = masked;
    log->writer = write_masked;
    return 0;
}

int logs_remember(ngx_array_t *logs, ngx_log_t *log)
{
    ngx_log_t **known = logs->elts;
    for (ngx_uint_t i = 0; i < logs->nelts; i++)
        if (known[i] == log)
            return 0;
    ngx_log_t **added = ngx_array_push(logs);
    if (added == NULL)
        return -ENOMEM;
    *added = log;
    return 0;
}

int logs_mask(ngx_cycle_t *cycle, const ngx_array_t *logs)
{
    ngx_log_t **log = logs->elts;
    ngx_listening_t *listening = cycle->listening.elts;
    int r = mask(cycle, &cycle->new_log);

    for (ngx_uint_t i = 0; r == 0 && i < logs->nelts; i++)
        r = mask(cycle, log[i]);
    /* nginx has made its copies for them already. HTTP/2 logs by them alone. */
    for (ngx_uint_t i = 0; r == 0 && i < cycle->listening.nelts; i++)
        r = mask(cycle, &listening[i].log);
    return r;
}
