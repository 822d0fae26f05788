/* lookup.pml - one credential in one view: a daemon that publishes its changes and may die between
 * any two stores, and a reader
 *
 * Readers store nothing that others read (their buckets are in bucket.pml), and keep nothing from one
 * lookup to the next: what holds for one reader with one lookup, begun at any time, holds for all.
 *
 * Promela's memory is sequentially consistent. That the stores of a slot's words may become visible
 * later than they were made, and in any order, is modelled: they stand in a buffer that is emptied at
 * any time, and before a store with release.
 */
#ifndef CHANGES
#define CHANGES 4
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef SLOTS
#define SLOTS    4 /* multiple of GROUP; one version more finds no place, and hides the credential */
#endif
#define GROUP    2 /* slots whose tags are read before any of them is looked at */
#define ATTEMPTS 2
#define UNPUBLISHED_MAX 2 /* changes of one commit */

#define LIVE      1
#define SUSPENDED 2
#define REVOKED   3
#define MOVED     4
#define REMOVED   5
#define HIDDEN    6
#define is_there(state) (state != MOVED && state != REMOVED)

/* ---- the view: survives the daemon -------------------------------------------------------------- */
bool tag[SLOTS];
byte state[SLOTS], body_a[SLOTS], body_b[SLOTS]; /* the body is two words, so that it can be half there */
byte published = 0;
bool complete = true; /* what is not there, is not in the table */
#ifdef SEQUENCE_COUNT
bool sequence_is_odd = false;
#endif

/* Stores that are not visible yet, into the words of slot late_slot. */
byte late_slot, late_state, late_body;
bool state_late, a_late, b_late;
#define all_visible (!state_late && !a_late && !b_late)

/* ---- the table: survives the daemon. Version v of the record is body * 8 + state ---------------- */
byte record[CHANGES + 1];
byte table = 0;
#define body_of(r)  ((r) / 8)
#define state_of(r) ((r) % 8)

/* What was acknowledged last. It is asked for once, by the reader that begins; from then on it and
 * what is older play no part, and are left out of the state. */
byte acked = 0;
bool begun = false, finished = false;
byte crashes = CRASHES;

/* What must be true, by name: pan prints it. Not part of the state. */
hidden byte body_is_whole, verdict_is_of_its_time, live_is_not_refused, steps_are_bounded;

inline acknowledge(version)
{
    d_step {
        v = (begun -> table : acked);
        do
        :: v < version -> record[v] = 0; v++
        :: else -> break
        od;
        if
        :: !begun -> acked = version
        :: else
        fi;
        v = 0
    }
}

/* One store, or death before it. */
#define STEP(x) if :: atomic { crashes > 0 -> crashes--; goto dead } :: atomic { x } fi

/* ---- the daemon --------------------------------------------------------------------------------- */

/* Without a store between them: one step. */
inline find(r)
{
    d_step {
        k = 0; newest = SLOTS; free = SLOTS;
        do
        :: k < SLOTS ->
            if
            :: tag[k] && is_there(state[k]) -> newest = k
            :: !tag[k] && free == SLOTS -> free = k
            :: else
            fi;
            k++
        :: else -> break
        od;
        k = 0;
        same = (newest != SLOTS && body_a[newest] == body_of(r) && body_b[newest] == body_of(r))
    }
}

/* The first slot from k on that is there and not `kept`. */
inline next_there(kept)
{
    d_step {
        do
        :: k < SLOTS && !(k != kept && tag[k] && is_there(state[k])) -> k++
        :: else -> break
        od
    }
}

/* Every slot that is there but `kept` becomes st. */
inline retire(kept, st)
{
    next_there(kept);
    do
    :: k < SLOTS -> STEP(state[k] = st; k++); next_there(kept)
    :: else -> k = 0; break
    od
}

inline store_words(s, r)
{
    atomic { late_slot = s; late_state = state_of(r); late_body = body_of(r) };
    STEP(state_late = true);
    STEP(a_late = true);
    STEP(b_late = true)
}

inline store_tag(s)
{
#if !defined(TAG_RELAXED) && !defined(TAG_FIRST)
    all_visible; /* release */
#endif
    STEP(tag[s] = true)
}

inline put(r)
{
    find(r);
    if
    :: same ->
        if
        :: state[newest] != state_of(r) -> STEP(state[newest] = state_of(r))
        :: else
        fi;
        retire(newest, MOVED)
#ifdef EDITED_IN_PLACE
    :: !same && newest != SLOTS -> store_words(newest, r); all_visible
#endif
    :: !same && free == SLOTS ->
#ifndef NOT_HIDDEN
        retire(SLOTS, HIDDEN);
#endif
#ifndef STAYS_COMPLETE
        STEP(complete = false);
#endif
        skip
    :: else ->
#ifdef TAG_FIRST
        store_tag(free); store_words(free, r); all_visible;
#else
        store_words(free, r); store_tag(free);
#endif
        retire(free, MOVED)
    fi
}

/* What has moved first: nobody shall look for where it went, and find nothing. */
inline next_moved()
{
    d_step {
        do
        :: k < SLOTS && !(tag[k] && state[k] == MOVED) -> k++
        :: else -> break
        od
    }
}

inline remove()
{
    k = 0;
    next_moved();
    do
    :: k < SLOTS -> STEP(state[k] = REMOVED); next_moved()
    :: else -> k = 0; break
    od;
    retire(SLOTS, REMOVED)
}

inline publish(r)
{
#ifdef SEQUENCE_COUNT
    STEP(sequence_is_odd = true);
#endif
    if
    :: state_of(r) == REMOVED -> remove()
    :: else -> put(r)
    fi;
#ifdef SEQUENCE_COUNT
    STEP(sequence_is_odd = false);
#endif
    skip
}

inline commit()
{
    r = record[table];
    if
    :: state_of(r) != REMOVED -> r = (3 - body_of(r)) * 8 + state_of(r) /* an edit, and back */
    :: state_of(r) == LIVE -> r = body_of(r) * 8 + SUSPENDED
    :: state_of(r) == SUSPENDED -> r = body_of(r) * 8 + LIVE
    :: state_of(r) == LIVE -> r = body_of(r) * 8 + REVOKED
    :: state_of(r) != REMOVED -> r = REMOVED
    :: state_of(r) == REMOVED -> r = 8 + LIVE
    fi;
    table++;
    record[table] = r
}

proctype daemon()
{
    byte k, newest, free, r, v;
    bool same;

start:
#ifndef NOT_REPUBLISHED
    /* The table has the last version alone. */
    if
    :: table > published ->
        r = record[table];
        publish(r);
        STEP(published = table)
    :: else
    fi;
#endif
    /* Whoever asks again for what is done already is told so. */
    k = 0; newest = 0; free = 0; same = false; r = 0;
    acknowledge(table);
end_loop:
    do
    :: atomic { crashes > 0 -> crashes--; goto dead }
    :: atomic { table < CHANGES && table - published < UNPUBLISHED_MAX -> commit(); r = 0 }
    :: table > published ->
#ifdef ACKED_FIRST
        acknowledge(published + 1);
#endif
        r = record[published + 1];
        publish(r);
        STEP(published++; newest = 0; free = 0; same = false; r = 0)
    :: !begun && acked < published -> acknowledge(published)
    :: finished -> goto ended
    od;

dead:
    k = 0;
    /* What a process stored before it ended is visible to the next one. */
    d_step {
        newest = 0; free = 0; same = false; r = 0;
        if :: state_late -> state[late_slot] = late_state :: else fi;
        if :: a_late -> body_a[late_slot] = late_body :: else fi;
        if :: b_late -> body_b[late_slot] = late_body :: else fi;
        state_late = false; a_late = false; b_late = false;
        late_slot = 0; late_state = 0; late_body = 0
    }
    if
    :: goto start
    :: true /* stays dead */
    fi;
ended:
    skip
}

proctype memory()
{
end_memory:
    do
    :: atomic { state_late -> state[late_slot] = late_state; state_late = false }
    :: atomic { a_late -> body_a[late_slot] = late_body; a_late = false }
    :: atomic { b_late -> body_b[late_slot] = late_body; b_late = false }
    od
}

/* ---- a reader ----------------------------------------------------------------------------------- */

/* Whether the record was once what a lookup is told that began when `from` was acknowledged. */
inline judge_found(r)
{
    d_step {
        v = from;
        do
        :: v < table && record[v] != r -> v++
        :: else -> break
        od;
        verdict_is_of_its_time = (record[v] == r);
        assert(verdict_is_of_its_time);
        v = 0
    }
}

inline judge_none()
{
    d_step {
        v = from;
        do
        :: v < table && state_of(record[v]) != REMOVED -> v++
        :: else -> break
        od;
        live_is_not_refused = (state_of(record[v]) == REMOVED);
        assert(live_is_not_refused);
        v = 0
    }
}

proctype reader()
{
    byte from, attempt, at, g, seen_state, seen_a, seen_b, v, steps;
    bool match[GROUP], last, unsure, was_complete;
#ifdef BODY_READ_EARLY
    byte early_a[GROUP];
#endif

    atomic { from = acked; acked = 0; begun = true }
    was_complete = complete;
again:
#ifdef SEQUENCE_COUNT
    !sequence_is_odd;
#endif
    at = 0; unsure = false;
    do
    :: at < SLOTS ->
        /* The tags of a group, word by word. */
        last = false; g = 0;
        do
        :: g < GROUP -> atomic {
#ifdef BODY_READ_EARLY
                /* Loads overtake those before them, if these don't acquire. */
                early_a[g] = body_a[at + g];
            };
            atomic {
#endif
                match[g] = tag[at + g];
                last = last || !match[g];
                g++
            }
        :: else -> g = 0; break
        od;
        /* Its slots. */
        do
        :: g < GROUP ->
            steps++;
            steps_are_bounded = (steps <= ATTEMPTS * SLOTS);
            assert(steps_are_bounded);
            if
            :: match[g] ->
                seen_state = state[at + g];
                if
                :: seen_state == MOVED -> unsure = true
                :: seen_state == REMOVED
                :: seen_state == HIDDEN -> unsure = true; goto looked
                :: else ->
#ifdef BODY_READ_EARLY
                    seen_a = early_a[g];
#endif
                    at = at + g; goto found
                fi
            :: else
            fi;
            g++
        :: else -> g = 0; break
        od;
        if
        :: last -> break
        :: else -> at = at + GROUP
        fi
    :: else -> break
    od;
looked:
#ifdef MOVED_IS_NONE
    judge_none();
    goto done;
#endif
#ifndef RETRIED_WITHOUT_END
    attempt++;
#endif
    if
    :: !unsure && was_complete -> judge_none()
    :: unsure && attempt < ATTEMPTS -> goto again
    :: else /* asks the daemon */
    fi;
    goto done;
found:
    g = 0;
#ifndef BODY_READ_EARLY
    seen_a = body_a[at];
#endif
    d_step {
        seen_b = body_b[at];
        body_is_whole = (seen_a == seen_b && seen_a != 0);
        assert(body_is_whole)
    }
    judge_found(seen_a * 8 + seen_state);
done:
    finished = true
}

init {
    atomic {
        record[0] = 8 + LIVE;
        tag[0] = true; state[0] = LIVE; body_a[0] = 1; body_b[0] = 1;
        run daemon(); run memory(); run reader()
    }
}
