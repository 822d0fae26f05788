#include "tests/module/client/deputy.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/daemon/kept.h"
#include "tests/hand_out.h"

#define NS_PER_S     UINT64_C(1000000000)
#define ROWS_AT_ONCE 64
#define MOVE_AT_ONCE 256

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static uint64_t mono_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static int64_t wall_s(struct deputy *deputy)
{
    (void)wall_clock_advance(&deputy->wall, clock_ns(CLOCK_REALTIME), mono_ns());
    return (int64_t)(deputy->wall.wall_ns / NS_PER_S);
}

/* check's own assertions tell its runner of each that holds, which takes longer than a check. */
static void demand(bool holds, const char *what)
{
    if (!holds)
        ck_abort_msg("the deputy: %s", what);
}

static void lock(struct deputy *deputy)
{
    demand(pthread_mutex_lock(&deputy->mutex) == 0, "lock");
}

static void unlock(struct deputy *deputy)
{
    demand(pthread_mutex_unlock(&deputy->mutex) == 0, "unlock");
}

/* ---- publishing: as service_view.c does --------------------------------------------------------
 */

static void end_walk(struct deputy *deputy)
{
    if (deputy->filling == DEPUTY_GROWS) {
        publish_switch(deputy->publish, true);
        deputy->switched = true;
    } else {
        publish_set_complete(deputy->publish);
    }
    deputy->filling = DEPUTY_IDLE;
}

static int put(struct deputy *deputy, const struct deputy_row *row);

/* As start_of() does: a debt that was saved under another limit goes over to this one now. */
static struct bucket_start start_of(const struct deputy_row *row)
{
    const struct rate_limit *from = &row->usage_limit, *to = &row->record.limit;
    struct bucket_start start = row->usage;
    struct rate from_rate, to_rate;
    if (from->requests == to->requests && from->window_ns == to->window_ns &&
        from->burst == to->burst)
        return start;
    demand(rate_init(&from_rate, from) == RATE_OK && rate_init(&to_rate, to) == RATE_OK,
           "not a limit");
    start.tat = rate_convert(&from_rate, &to_rate, start.tat, mono_ns());
    start.unsaved = true;
    return start;
}

static void walk_on(struct deputy *deputy, unsigned rows_max)
{
    for (; rows_max > 0 && deputy->filled < deputy->count; rows_max--) {
        const struct deputy_row *row = &deputy->rows[deputy->filled++];
        if (!row->there)
            continue;
        const struct bucket_start start = start_of(row);
        bool grows = deputy->filling == DEPUTY_GROWS;
        int r = grows ? publish_grow(deputy->publish, &row->record, &start, mono_ns())
                      : put(deputy, row);
        if (r == -ENOSPC && grows) {
            deputy->filling = DEPUTY_IDLE; /* and the next one will be larger */
            return;
        }
        demand(r == 0, "a row can't be published");
        if (deputy->filling == DEPUTY_IDLE)
            return; /* it was put by growing at once */
    }
    if (deputy->filled == deputy->count)
        end_walk(deputy);
}

static unsigned count_there(const struct deputy *deputy)
{
    unsigned count = 0;
    for (unsigned i = 0; i < deputy->count; i++)
        count += deputy->rows[i].there;
    return count;
}

static void begin_growth(struct deputy *deputy)
{
    if (deputy->filling != DEPUTY_IDLE)
        return;
    demand(publish_begin_growth(deputy->publish, count_there(deputy)) == 0, "no larger view");
    demand(publish_provide_some(deputy->publish, SIZE_MAX) == 1, "there is no view to provide for");
    demand(publish_provide_some(deputy->publish, SIZE_MAX) == 0, "no memory for a larger view");
    deputy->filling = DEPUTY_GROWS;
    deputy->filled = 0;
}

static void grow_now(struct deputy *deputy)
{
    if (deputy->filling == DEPUTY_BUILDS)
        deputy->filling = DEPUTY_IDLE;
    while (publish_move_some(deputy->publish, UINT32_MAX, mono_ns()))
        continue;
    for (unsigned attempts = 0; attempts < 8; attempts++) {
        begin_growth(deputy);
        walk_on(deputy, UINT32_MAX);
        if (!publish_wants_growth(deputy->publish))
            return;
    }
}

static int put(struct deputy *deputy, const struct deputy_row *row)
{
    const struct bucket_start start = start_of(row);
    int r = publish_put(deputy->publish, &row->record, &start, mono_ns());
    if (r != -ENOSPC)
        return r;
    grow_now(deputy);
    return publish_put(deputy->publish, &row->record, &start, mono_ns());
}

static bool work(struct deputy *deputy)
{
    if (deputy->filling == DEPUTY_IDLE && publish_wants_growth(deputy->publish))
        begin_growth(deputy);
    if (deputy->filling != DEPUTY_IDLE)
        walk_on(deputy, ROWS_AT_ONCE);
    return deputy->filling != DEPUTY_IDLE ||
           publish_move_some(deputy->publish, MOVE_AT_ONCE, mono_ns());
}

bool deputy_work(struct deputy *deputy)
{
    lock(deputy);
    bool more = work(deputy);
    unlock(deputy);
    return more;
}

static void refresh(struct deputy *deputy)
{
    demand(publish_refresh(deputy->publish, mono_ns(), wall_s(deputy)) == 0, "no lease");
}

void deputy_refresh(struct deputy *deputy)
{
    lock(deputy);
    refresh(deputy);
    unlock(deputy);
}

/* ---- looking up: as service.c does -------------------------------------------------------------
 */

static unsigned *newest_of(struct deputy *deputy, const uint8_t digest[static DIGEST_BYTES])
{
    return &deputy->newest[digest[0] << 8 | digest[1]];
}

static struct deputy_row *row_of(struct deputy *deputy, const uint8_t digest[static DIGEST_BYTES])
{
    for (unsigned i = *newest_of(deputy, digest); i > 0; i = deputy->rows[i - 1].older)
        if (deputy->rows[i - 1].there &&
            memcmp(deputy->rows[i - 1].record.digest, digest, DIGEST_BYTES) == 0)
            return &deputy->rows[i - 1];
    return NULL;
}

/* What is not in the view yet is put there. */
static bool find(struct deputy *deputy, const uint8_t digest[static DIGEST_BYTES],
                 struct view_reading *ret, struct view_bucket **ret_bucket)
{
    enum view_answer answer = publish_find(deputy->publish, digest, mono_ns(), ret, ret_bucket);
    if (answer == VIEW_UNSURE) {
        const struct deputy_row *row = row_of(deputy, digest);
        if (!row)
            return false;
        demand(put(deputy, row) == 0, "a row that is asked for can't be published");
        answer = publish_find(deputy->publish, digest, mono_ns(), ret, ret_bucket);
        demand(answer == VIEW_FOUND, "what was published is not found");
    }
    return answer == VIEW_FOUND;
}

static void decide_here(struct deputy *deputy, unsigned service, const struct query *query,
                        struct verdict *ret)
{
    const struct policy *policy = &deputy->policies[service];
    const struct clock_reading now = {.mono_ns = mono_ns(), .wall_s = wall_s(deputy)};
    struct view_reading reading;
    struct view_bucket *bucket;

    if (!find(deputy, query->digest, &reading, &bucket)) {
        decide(policy, query, NULL, NULL, now, ret);
        return;
    }
    decide(policy, query, &reading.record, &bucket->tat, now, ret);
    if (query->peek)
        return;
    if (ret->reason == REASON_OK) {
        atomic_fetch_add(&bucket->allowed, 1);
        atomic_store(&bucket->last_used_s, (uint32_t)now.wall_s);
    } else {
        atomic_fetch_add(&bucket->refused, 1);
    }
}

bool deputy_find(struct deputy *deputy, unsigned number, struct deputy_usage *ret)
{
    struct view_reading reading;
    struct view_bucket *bucket;

    lock(deputy);
    uint64_t now_ns = mono_ns();
    bool found = publish_find(deputy->publish, deputy->rows[number].record.digest, now_ns, &reading,
                              &bucket) == VIEW_FOUND;
    if (found) {
        uint64_t tat = atomic_load(&bucket->tat);
        *ret = (struct deputy_usage){
            .debt_ns = tat > now_ns ? tat - now_ns : 0,
            .allowed = atomic_load(&bucket->allowed),
            .refused = atomic_load(&bucket->refused),
            .last_used_s = atomic_load(&bucket->last_used_s),
        };
    }
    unlock(deputy);
    return found;
}

uint64_t deputy_told_scopes(struct deputy *deputy, unsigned service)
{
    lock(deputy);
    uint64_t scopes = deputy->told_scopes[service];
    unlock(deputy);
    return scopes;
}

/* ---- changes -----------------------------------------------------------------------------------
 */

void deputy_put(struct deputy *deputy, unsigned number, const struct record *record)
{
    lock(deputy);
    demand(number <= deputy->count && number < DEPUTY_ROWS, "no room in the table");
    struct deputy_row *row = &deputy->rows[number];
    if (number == deputy->count) {
        unsigned *newest = newest_of(deputy, record->digest);
        *row = (struct deputy_row){.there = true, .usage_limit = record->limit, .older = *newest};
        *newest = ++deputy->count;
    }
    row->record = *record;
    deputy->changes++;
    demand(put(deputy, row) == 0, "a change can't be published");
    unlock(deputy);
}

void deputy_remove(struct deputy *deputy, unsigned number)
{
    lock(deputy);
    deputy->rows[number].there = false;
    deputy->changes++;
    publish_remove(deputy->publish, deputy->rows[number].record.digest);
    unlock(deputy);
}

/* As service_carry_debt() does. */
void deputy_carry_debt(struct deputy *deputy, unsigned from, unsigned to)
{
    struct view_reading reading;
    struct view_bucket *source, *target;
    struct rate from_rate, to_rate;

    lock(deputy);
    const struct record *older = &deputy->rows[from].record, *newer = &deputy->rows[to].record;
    demand(find(deputy, older->digest, &reading, &source) &&
               rate_init(&from_rate, &older->limit) == RATE_OK,
           "whose debt is it?");
    /* To find one may move the other's bucket into a larger view. */
    uint64_t owed = atomic_load(&source->tat);
    demand(find(deputy, newer->digest, &reading, &target) &&
               rate_init(&to_rate, &newer->limit) == RATE_OK,
           "whose debt is it to be?");
    uint64_t tat = rate_convert(&from_rate, &to_rate, owed, mono_ns());
    if (tat > atomic_load(&target->tat))
        atomic_store(&target->tat, tat);
    publish_mark_unsaved(target);
    unlock(deputy);
}

void deputy_reload(struct deputy *deputy, unsigned service, const struct policy *policy)
{
    lock(deputy);
    deputy->policies[service] = *policy;
    publish_set_generation(deputy->publish, ++deputy->generation);
    unlock(deputy);
}

/* ---- the end, and a new beginning --------------------------------------------------------------
 */

static int save(const struct view_reading *reading, struct view_bucket *bucket, void *userdata)
{
    struct deputy_row *row = row_of(userdata, reading->record.digest);
    if (!row)
        return 0;
    row->usage_limit = reading->record.limit;
    row->usage = (struct bucket_start){
        .tat = atomic_load(&bucket->tat),
        .allowed = atomic_load(&bucket->allowed),
        .refused = atomic_load(&bucket->refused),
        .last_used_s = atomic_load(&bucket->last_used_s),
    };
    return 0;
}

static void save_all(struct deputy *deputy)
{
    publish_begin_last_walk(deputy->publish, mono_ns());
    while (publish_each_unsaved(deputy->publish, UINT32_MAX, mono_ns(), save, deputy) == 1)
        continue;
}

void deputy_save(struct deputy *deputy, uint32_t slots_max)
{
    lock(deputy);
    (void)publish_each_unsaved(deputy->publish, slots_max, mono_ns(), save, deputy);
    unlock(deputy);
}

static void hang_up(struct deputy *deputy)
{
    for (unsigned i = 0; i < DEPUTY_CONNECTIONS; i++)
        if (deputy->connections[i].fd >= 0)
            shutdown(deputy->connections[i].fd, SHUT_RDWR);
}

static void begin(struct deputy *deputy, struct fdstore *inherited, uint64_t credentials)
{
    demand(publish_new(inherited, credentials, ++deputy->incarnation, mono_ns(),
                       &deputy->publish) == 0,
           "no view");
    publish_set_generation(deputy->publish, deputy->generation);
    deputy->filled = 0;
    deputy->filling = publish_is_complete(deputy->publish) ? DEPUTY_IDLE : DEPUTY_BUILDS;
}

void deputy_restart(struct deputy *deputy, enum deputy_end end)
{
    struct fdstore left = {.count = 0};

    lock(deputy);
    if (end != DEPUTY_DIES)
        save_all(deputy);
    if (end == DEPUTY_LOSES)
        publish_end_lease(deputy->publish, 0);
    deputy->publish = publish_free(deputy->publish);
    hang_up(deputy);
    if (end == DEPUTY_LOSES) {
        kept_end();
        kept_begin();
    } else {
        kept_give(&left);
    }
    begin(deputy, &left, count_there(deputy));
    if (end == DEPUTY_DOUBTS) {
        demand(publish_begin_anew(deputy->publish, count_there(deputy)) == 0, "no new view");
        deputy->filling = DEPUTY_BUILDS;
    }
    fdstore_close(&left);
    refresh(deputy);
    unlock(deputy);
}

/* ---- answers -----------------------------------------------------------------------------------
 */

static size_t write_welcome(struct deputy *deputy, struct deputy_connection *connection,
                            struct frame *frame, uint8_t *out)
{
    struct welcome welcome = {.generation = deputy->generation, .direct = true};
    struct hello hello;
    uint32_t id = frame->id;

    demand(hello_read(frame, &hello) == 0 && hello.service.len == 1, "a strange greeting");
    connection->service = (unsigned)(hello.service.data[0] - 'a');
    demand(connection->service < DEPUTY_SERVICES, "a strange service");
    welcome.policy = deputy->policies[connection->service];
    deputy->told_scopes[connection->service] = welcome.policy.scopes;
    scope_registry_init(&welcome.registry);
    return welcome_write(out, WIRE_FRAME_MAX, id, &welcome);
}

static size_t write_verdict(struct deputy *deputy, const struct deputy_connection *connection,
                            struct frame *frame, uint8_t *out)
{
    struct verdict verdict;
    struct query query;
    uint32_t id = frame->id;

    demand(check_read(frame, &query) == 0, "a strange question");
    decide_here(deputy, connection->service, &query, &verdict);
    atomic_fetch_add(&deputy->asked, 1);
    return verdict_write(out, WIRE_FRAME_MAX, id, deputy->generation, &verdict);
}

static void hand_out(struct deputy *deputy, int fd, uint32_t id)
{
    uint8_t out[ATTACHED_FRAME_BYTES];
    struct handout handout;

    demand(publish_handout(deputy->publish, &handout) == 0, "no view to hand out");
    const struct attached attached = {
        .clock_ns = mono_ns(),
        .view_bytes = handout.view_bytes,
        .bucket_bytes = handout.bucket_bytes,
    };
    size_t len = attached_write(out, sizeof out, id, &attached);
    demand(hand_out_send(fd, out, len, &handout) == (ssize_t)len, "the view can't be sent");
}

/* Returns whether the connection lives on. */
static bool serve(struct deputy *deputy, struct deputy_connection *connection)
{
    uint8_t in[WIRE_FRAME_MAX], out[WIRE_FRAME_MAX];
    struct frame frame;
    ssize_t n = recv(connection->fd, in, sizeof in, 0);

    if (n <= 0 || atomic_load(&deputy->away) || frame_open(in, (size_t)n, &frame) < 0)
        return false;
    if (frame.type == WIRE_ATTACH) {
        hand_out(deputy, connection->fd, frame.id);
        return true;
    }
    size_t len = frame.type == WIRE_HELLO ? write_welcome(deputy, connection, &frame, out)
                                          : write_verdict(deputy, connection, &frame, out);
    return send(connection->fd, out, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* ---- the thread --------------------------------------------------------------------------------
 */

static void take_in(struct deputy *deputy)
{
    int fd = accept(deputy->listen_fd, NULL, NULL);

    for (unsigned i = 0; fd >= 0 && i < DEPUTY_CONNECTIONS; i++) {
        if (deputy->connections[i].fd < 0) {
            deputy->connections[i].fd = fd;
            return;
        }
    }
    demand(false, "no place for one more connection");
}

static void serve_all(struct deputy *deputy, const struct pollfd polls[static DEPUTY_CONNECTIONS])
{
    for (unsigned i = 0; i < DEPUTY_CONNECTIONS; i++) {
        struct deputy_connection *connection = &deputy->connections[i];
        if (polls[i].revents != 0 && !serve(deputy, connection)) {
            close(connection->fd);
            connection->fd = -1;
        }
    }
}

static void *run(void *userdata)
{
    struct deputy *deputy = userdata;
    struct pollfd polls[DEPUTY_CONNECTIONS + 2];
    struct pollfd *listens = &polls[DEPUTY_CONNECTIONS], *wakes = &polls[DEPUTY_CONNECTIONS + 1];

    do {
        lock(deputy);
        for (unsigned i = 0; i < DEPUTY_CONNECTIONS; i++)
            polls[i] = (struct pollfd){.fd = deputy->connections[i].fd, .events = POLLIN};
        unlock(deputy);
        *listens = (struct pollfd){.fd = deputy->listen_fd, .events = POLLIN};
        *wakes = (struct pollfd){.fd = deputy->wake[0], .events = POLLIN};
        demand(poll(polls, DEPUTY_CONNECTIONS + 2, -1) >= 0 || errno == EINTR, "poll");
        lock(deputy);
        serve_all(deputy, polls);
        if (listens->revents != 0)
            take_in(deputy);
        unlock(deputy);
    } while (wakes->revents == 0);
    return NULL;
}

static struct sockaddr_un address_of(const struct deputy *deputy)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "%s/check.sock", deputy->runtime);
    return address;
}

static void listen_there(struct deputy *deputy)
{
    strcpy(deputy->runtime, "/tmp/stkgate-client-XXXXXX");
    demand(mkdtemp(deputy->runtime) != NULL, "no directory");
    const struct sockaddr_un address = address_of(deputy);
    deputy->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    demand(bind(deputy->listen_fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
               listen(deputy->listen_fd, DEPUTY_CONNECTIONS) == 0 && pipe(deputy->wake) == 0,
           "no socket");
}

void deputy_start(struct deputy *deputy, uint64_t credentials)
{
    memset(deputy, 0, sizeof *deputy);
    demand(pthread_mutex_init(&deputy->mutex, NULL) == 0, "no mutex");
    deputy->generation = 1;
    for (unsigned i = 0; i < DEPUTY_SERVICES; i++)
        policy_init(&deputy->policies[i]);
    for (unsigned i = 0; i < DEPUTY_CONNECTIONS; i++)
        deputy->connections[i].fd = -1;
    wall_clock_init(&deputy->wall, 0, mono_ns());
    begin(deputy, NULL, credentials);
    refresh(deputy);
    listen_there(deputy);
    demand(pthread_create(&deputy->thread, NULL, run, deputy) == 0, "no thread");
}

void deputy_stop(struct deputy *deputy)
{
    const struct sockaddr_un address = address_of(deputy);

    demand(write(deputy->wake[1], "", 1) == 1 && pthread_join(deputy->thread, NULL) == 0,
           "the thread doesn't end");
    for (unsigned i = 0; i < DEPUTY_CONNECTIONS; i++)
        if (deputy->connections[i].fd >= 0)
            close(deputy->connections[i].fd);
    close(deputy->listen_fd);
    close(deputy->wake[0]);
    close(deputy->wake[1]);
    unlink(address.sun_path);
    rmdir(deputy->runtime);
    deputy->publish = publish_free(deputy->publish);
    pthread_mutex_destroy(&deputy->mutex);
}
