/* Edits that were cut short, one after the other, before a larger view took over what they left. */
#include <setjmp.h>

#include "tests/daemon/view_memory.h"
#include "tests/suite.h"

#define GROUPS     1
#define HEAP_BYTES 4096
#define NOW_NS     UINT64_C(1000000000000)
#define SECOND_NS  UINT64_C(1000000000)

enum who { ONE, OTHER };

/* A view with its files, which outlive who writes it. */
struct world {
    void *memory;
    size_t bytes;
    struct view_bucket *shared, *own;
    struct publisher publisher;
};

static struct world old, larger;

static void make(struct world *world)
{
    view_memory_begin(GROUPS, HEAP_BYTES);
    *world = (struct world){memory, bytes, shared_buckets, own_buckets, publisher};
}

static void unmake(const struct world *world)
{
    free(world->memory);
    free(world->shared);
    free(world->own);
}

/* ---- who writes, dies at a store ---------------------------------------------------------------
 */

static jmp_buf death;
static unsigned stores_left;

static void count_down(void *userdata)
{
    if (--stores_left == 0)
        longjmp(death, 1);
}

/* Whether it died, at store n of what fn does. */
static bool dies(unsigned n, void (*fn)(enum who), enum who who)
{
    volatile bool died = false;

    stores_left = n;
    old.publisher.after_store = larger.publisher.after_store = count_down;
    if (setjmp(death) != 0)
        died = true;
    else
        fn(who);
    old.publisher.after_store = larger.publisher.after_store = NULL;
    return died;
}

static void go_on_with(struct world *world)
{
    ck_assert_int_eq(
        publisher_open(world->memory, world->bytes, world->shared, world->own, &world->publisher),
        0);
}

/* ---- what is written ---------------------------------------------------------------------------
 */

static struct record record_of(enum who who, uint64_t scopes)
{
    struct record record = {
        .kind = KIND_LIVE,
        .scopes = scopes,
        .limit = {60, UINT64_C(60000000000), 60},
        .key_id = who == ONE ? TEXT("key_0000000000000001") : TEXT("key_0000000000000002"),
        .site = TEXT("kasa"),
        .name = TEXT("production"),
        .secret_prefix = TEXT("stk_live_abcd"),
    };
    memset(record.digest, who == ONE ? 0x11 : 0x22, sizeof record.digest);
    return record;
}

static void begin(enum who who)
{
    struct record record = record_of(who, 1);
    struct bucket_start start = {.tat = NOW_NS + (who + 1) * SECOND_NS, .allowed = who + 1};

    ck_assert_int_eq(publisher_put(&old.publisher, &record, &start, NOW_NS, NULL), 0);
}

static void edit(enum who who)
{
    struct record record = record_of(who, 2);

    ck_assert_int_eq(publisher_put(&old.publisher, &record, NULL, NOW_NS, NULL), 0);
}

/* The next writer finds no place for the change. */
static void hide(enum who who)
{
    go_on_with(&old);
    publisher_finish_move(&old.publisher, NOW_NS);
    publisher_hide(&old.publisher, record_of(who, 2).digest);
}

static void put_into_larger(enum who who)
{
    static const struct bucket_start unmoved = {.tat = VIEW_TAT_UNMOVED};
    struct record record = record_of(who, 2);

    ck_assert_int_eq(publisher_put(&larger.publisher, &record, &unmoved, NOW_NS, NULL), 0);
}

static struct view_bucket *bucket_of(enum who who)
{
    struct view_reading reading;

    ck_assert_int_eq(view_read(&larger.publisher.view, record_of(who, 2).digest, &reading),
                     VIEW_FOUND);
    ck_assert_uint_eq(reading.record.scopes, 2);
    return publisher_settled_bucket(&larger.publisher, reading.slot, NOW_NS);
}

static void settle(enum who who)
{
    (void)bucket_of(who);
}

static void expect(enum who who)
{
    const struct view_bucket *bucket = bucket_of(who);

    ck_assert_uint_eq(bucket->tat, NOW_NS + (who + 1) * SECOND_NS);
    ck_assert_uint_eq(bucket->allowed, who + 1);
}

/* ---- the test ----------------------------------------------------------------------------------
 */

/* Of the edit of one, of that of the other, and of what takes over. Zero: it does not die. */
struct deaths {
    unsigned of_one, of_other, of_settling;
};

/* How many of them there were. */
static unsigned live_through(struct deaths at)
{
    unsigned deaths = 0;

    make(&old);
    make(&larger);
    begin(ONE);
    begin(OTHER);
    deaths += dies(at.of_one, edit, ONE);
    hide(ONE);
    deaths += dies(at.of_other, edit, OTHER);
    hide(OTHER);
    larger.publisher.previous = &old.publisher;
    put_into_larger(ONE);
    put_into_larger(OTHER);
    deaths += dies(at.of_settling, settle, ONE);
    go_on_with(&old);
    go_on_with(&larger);
    larger.publisher.previous = &old.publisher;
    publisher_finish_move(&old.publisher, NOW_NS);
    publisher_finish_move(&larger.publisher, NOW_NS);
    expect(OTHER);
    expect(ONE);
    unmake(&old);
    unmake(&larger);
    return deaths;
}

START_TEST(a_larger_view_finds_each_bucket_wherever_an_edit_left_it)
{
    unsigned dead_thrice = 0;
    struct deaths at = {0};

    /* Each in its turn is counted up until it is too late to die. */
    for (at.of_one = 1; live_through((struct deaths){at.of_one, 0, 0}) == 1; at.of_one++)
        for (at.of_other = 1; live_through((struct deaths){at.of_one, at.of_other, 0}) == 2;
             at.of_other++)
            for (at.of_settling = 1; live_through(at) == 3; at.of_settling++)
                dead_thrice++;
    ck_assert_uint_gt(dead_thrice, 1000);
}
END_TEST

SUITE_MAIN("publish_cut_short", a_larger_view_finds_each_bucket_wherever_an_edit_left_it)
