/* bucket.pml - what is left of a credential's limit: spent by clients and the daemon, moved by edits
 * and by growth, and it is there exactly once whoever dies when
 *
 * Two views: OLD, and NEW that takes its place. Two credentials: A is edited, B is not, but may have
 * to move while A's move lies unfinished. A bucket is a number of units, and nothing refills it.
 * Slots appear and change in one step here (lookup.pml has the many), and buckets are where the
 * steps are. The memory survives the daemon; a start without it begins with what the usage table
 * has, which is no exact number.
 */
#ifndef EDITS
#define EDITS 2
#endif
#ifndef GROWS
#define GROWS true
#endif
#ifndef CHECKS
#define CHECKS 2 /* of the first client; the other has one */
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef LACKS
#define LACKS 0 /* how often an edit finds no place in the view: its credential is hidden then */
#endif

#define OLD 0
#define NEW 1
#define A 0
#define B 1
/* The slots of a view in their order: three of A, one of B. */
#define SLOTS    4
#define NONE     15
#define FIRST(view, who)  (view * SLOTS + 3 * who)
#define END(view, who)    (view * SLOTS + 3 + who)
#define VIEW_OF(slot)    (slot / SLOTS)
#define OWNER_OF(slot)   ((slot % SLOTS) / 3)

#define UNMOVED  254
#define FROZEN   253
#define is_units(word) (word < FROZEN)

#define CAPACITY_A 2
#define CAPACITY_B 1
#define capacity(who) (who == A -> CAPACITY_A : CAPACITY_B)

/* ---- the memory --------------------------------------------------------------------------------- */
byte bucket[8];
byte body[8]; /* 0: no tag */
bool moved[8];
bool hid[8]; /* out of date, but for its bucket: another word of the same slot as moved */
bool complete[2], superseded[2];
byte published[2];
byte journal_slot[2], journal_units[2]; /* the first is the slot + 1, or 0 */

/* ---- the table: body of A, which goes from 1 to 2 and back --------------------------------------- */
byte table = 0;
#define body_of(version) (1 + (version) % 2)

byte crashes = CRASHES;
byte lacks = LACKS;
bool alive = false;
bool new_is_made = false; /* NEW is in the store of descriptors */

#define IDLE    0
#define ASKED   1
#define ANSWERED 2
byte question[2], asked_for[2];
byte clients_left = 2;

/* Counted where they are taken. */
byte spent[2];

hidden byte nothing_is_spent_twice, sum_is_right, frozen_has_a_journal, steps_are_bounded;

#define STEP(x) if :: atomic { crashes > 0 -> crashes--; goto dead } :: atomic { x } fi

inline count_spent(who)
{
    spent[who]++;
    nothing_is_spent_twice = (spent[who] <= capacity(who));
    assert(nothing_is_spent_twice)
}

/* ---- moving ------------------------------------------------------------------------------------- */

/* The units of `from` come into `to`, and the journal in the header of to's view. */
inline move(to, from)
{
#ifdef NOT_FROZEN
    atomic { units = bucket[from] };
    if
    :: !is_units(units) -> units = 0
    :: else
    fi;
#else
    atomic { units = bucket[from] };
    if
    :: !is_units(units) ->
        atomic {
            frozen_has_a_journal = (journal_slot[VIEW_OF(to)] == to + 1);
#if defined(NO_JOURNAL) || defined(JOURNAL_LEFT) || defined(JOURNAL_CLEARED_FIRST) || defined(MOVED_BACK) || \
    defined(OLD_IS_SETTLED)
            /* As if a hostile client had frozen it. */
            units = (frozen_has_a_journal -> journal_units[VIEW_OF(to)] : 0)
#else
            assert(frozen_has_a_journal);
            units = journal_units[VIEW_OF(to)]
#endif
        }
    :: else ->
        do
        :: is_units(units) ->
#ifndef NO_JOURNAL
            STEP(journal_slot[VIEW_OF(to)] = 0);
            STEP(journal_units[VIEW_OF(to)] = units);
            STEP(journal_slot[VIEW_OF(to)] = to + 1);
#endif
            /* Compare and swap: a client may have spent. */
            STEP(if
                 :: bucket[from] == units -> bucket[from] = FROZEN; break
                 :: else -> units = bucket[from]
                 fi)
        od
    fi;
#endif
#ifdef JOURNAL_CLEARED_FIRST
    STEP(journal_slot[VIEW_OF(to)] = 0; journal_units[VIEW_OF(to)] = 0);
#endif
    STEP(bucket[to] = units; units = 0);
    /* Units without a slot mean nothing: one state less. */
    STEP(journal_slot[VIEW_OF(to)] = 0; journal_units[VIEW_OF(to)] = 0)
}

inline find_newest(view, who)
{
    d_step {
        k = FIRST(view, who); newest = NONE;
        do
        :: k < END(view, who) ->
            if
            :: body[k] != 0 && !moved[k] -> newest = k
            :: else
            fi;
            k++
        :: else -> break
        od;
        k = 0
    }
}

/* From k on, the next slot that is there and whose units are elsewhere: in the slot `older`. Clients
 * never store into such a bucket, so this is one step. */
inline next_unmoved(last)
{
    d_step {
        do
        :: k < last && body[k] != 0 && !moved[k] && bucket[k] == UNMOVED -> break
        :: k < last && body[k] != 0 && !moved[k] && bucket[k] != UNMOVED -> older = k; k++
        :: k < last && !(body[k] != 0 && !moved[k]) -> k++
        :: else -> k = last; older = 0; break
        od
    }
}

inline settle_from(view, who)
{
    do
    :: k < END(view, who) -> move(k, older); next_unmoved(END(view, who))
    :: else -> k = 0; break
    od
}

/* What is still elsewhere comes into the newest slot: each older one hands on to the next, and the
 * oldest takes over from the old view, when that has been settled, too. */
inline settle(view, who)
{
#ifndef OLD_IS_SETTLED
    if
    :: view == NEW ->
        atomic { older = NONE; k = FIRST(OLD, who); next_unmoved(END(OLD, who)) };
        settle_from(OLD, who)
    :: else
    fi;
#endif
    atomic {
        find_newest(OLD, who);
        older = (view == NEW -> newest : NONE);
        newest = 0;
        k = FIRST(view, who);
        next_unmoved(END(view, who))
    };
    settle_from(view, who)
}

/* ---- publishing --------------------------------------------------------------------------------- */

inline drop_new()
{
    d_step {
        new_is_made = false; published[NEW] = 0; journal_slot[NEW] = 0; journal_units[NEW] = 0;
        bucket[4] = CAPACITY_A; bucket[5] = CAPACITY_A; bucket[6] = CAPACITY_A;
        bucket[7] = CAPACITY_B;
        body[4] = 0; body[5] = 0; body[6] = 0; body[7] = 0;
        moved[4] = false; moved[5] = false; moved[6] = false; moved[7] = false;
        hid[4] = false; hid[5] = false; hid[6] = false
    }
}

inline next_other(last)
{
    d_step {
        do
        :: k < last && (k == same || body[k] == 0 || moved[k]) -> k++
        :: else -> break
        od
    }
}

inline hide(view)
{
    k = FIRST(view, A);
    do
    :: k < END(view, A) && body[k] != 0 && !moved[k] && !hid[k] -> STEP(hid[k] = true)
    :: k < END(view, A) && !(body[k] != 0 && !moved[k] && !hid[k]) -> k++
    :: k == END(view, A) -> k = 0; break
    od
}

inline put_new(version)
{
#if defined(NEW_BUCKET_FULL)
    STEP(bucket[free] = CAPACITY_A);
#elif defined(NEW_BUCKET_EMPTY)
    STEP(bucket[free] = 0);
#elif defined(HIDDEN_IS_NONE)
    STEP(bucket[free] = (newest != NONE && hid[newest] -> CAPACITY_A : UNMOVED));
#elif !defined(BUCKET_AFTER_TAG)
    STEP(bucket[free] = UNMOVED);
#endif
#ifdef BUCKET_AFTER_TAG
    STEP(body[free] = body_of(version); same = free);
    STEP(bucket[free] = UNMOVED)
#else
    STEP(body[free] = body_of(version); same = free)
#endif
}

/* The units come into the slot `same`, and what was before it goes. */
inline come_into(view)
{
    /* A view that is not current yet takes nothing over: it may be dropped. */
#ifndef TAKEN_OVER_EARLY
    if
    :: view == current -> settle(view, A)
    :: else
    fi;
#else
    settle(view, A);
#endif
#ifdef MOVED_BACK
    find_newest(view, A);
    older = newest;
    newest = 0;
    if
    :: view == current && older != same -> move(same, older)
    :: else
    fi;
    older = 0;
#endif
    atomic { k = FIRST(view, A); next_other(END(view, A)) };
    do
    :: k < END(view, A) -> STEP(moved[k] = true; hid[k] = false); next_other(END(view, A))
    :: else -> atomic { k = 0; same = 0; break }
    od
}

/* What is hidden because no place was found, keeps its bucket, and is put again when it is asked
 * for. */
inline put(view, version)
{
    d_step {
        b = body_of(version);
        k = FIRST(view, A); newest = NONE; same = NONE; free = NONE;
        do
        :: k < END(view, A) ->
            if
            :: body[k] == 0 && free == NONE -> free = k
            :: body[k] != 0 && !moved[k] ->
                newest = k;
                if
                :: body[k] == b -> same = k
                :: else
                fi
            :: else
            fi;
            k++
        :: else -> break
        od;
#if !defined(SAME_NEED_NOT_BE_NEWEST) && !defined(MOVED_BACK)
        /* Units go from older slots to newer ones, never back. */
        if
        :: same != newest -> same = NONE
        :: else
        fi;
#endif
        k = 0; b = 0
    }
    if
    /* A view that nobody has yet is given up for a larger one. */
    :: same == NONE && lacks > 0 && view == NEW && !complete[NEW] ->
        STEP(lacks--; newest = 0; filled = 0);
        drop_new()
    :: same == NONE && lacks > 0 && !(view == NEW && !complete[NEW]) ->
        STEP(lacks--; newest = 0);
        hide(view)
    :: same == NONE -> put_new(version); newest = 0
    :: same != NONE -> newest = 0; STEP(hid[same] = false)
    fi;
    free = 0;
    if
    :: same == NONE -> same = 0
    :: else -> come_into(view)
    fi
}

inline forget_locals()
{
    k = 0; newest = 0; older = 0; same = 0; free = 0; units = 0; b = 0; c = 0; filled = 0
}

proctype daemon()
{
    byte k, newest, older, same, free, units, b, c, filled, current;

start:
    if
    :: new_is_made && !complete[NEW] -> drop_new()
    :: new_is_made && complete[NEW] && !superseded[OLD] -> STEP(superseded[OLD] = true)
    :: else
    fi;
    current = (new_is_made -> NEW : OLD);
#ifndef JOURNAL_LEFT
    /* First of all what lies in the journals: the next move will need it. */
    if
    :: current == NEW && journal_slot[OLD] != 0 ->
        c = OWNER_OF((journal_slot[OLD] - 1));
        settle(OLD, c);
        STEP(journal_slot[OLD] = 0; c = 0)
    :: else
    fi;
    if
    :: journal_slot[current] != 0 ->
        c = OWNER_OF((journal_slot[current] - 1));
        settle(current, c);
        STEP(journal_slot[current] = 0; c = 0)
    :: else
    fi;
#endif
    if
    :: table > published[current] -> put(current, table); STEP(published[current] = table)
    :: else
    fi;
    alive = true;
end_loop:
    do
    :: atomic { crashes > 0 -> crashes--; goto dead }
    /* Edits. The committer's thread may have done two before the first one is published. */
    :: clients_left != 0 && table < EDITS -> table++
    :: clients_left != 0 && table > published[current] ->
        put(current, published[current] + 1);
        if
        :: new_is_made && current == OLD ->
            put(NEW, published[current] + 1);
            STEP(published[NEW] = (new_is_made -> published[current] + 1 : 0))
        :: else
        fi;
        STEP(published[current]++)
    /* Growth. */
    :: clients_left != 0 && GROWS && !new_is_made -> STEP(new_is_made = true; published[NEW] = published[OLD])
    :: clients_left != 0 && new_is_made && !complete[NEW] && filled == 0 -> 
        put(NEW, table);
        filled = (new_is_made -> 1 : 0)
    :: clients_left != 0 && new_is_made && !complete[NEW] && filled == 1 ->
        STEP(bucket[FIRST(NEW, B)] = UNMOVED);
        STEP(body[FIRST(NEW, B)] = 1; filled = 2)
    :: clients_left != 0 && new_is_made && !complete[NEW] && filled == 2 ->
        STEP(complete[NEW] = true);
        STEP(superseded[OLD] = true);
        current = NEW;
        filled = 0
    /* In the background. */
    :: clients_left != 0 && current == NEW && bucket[FIRST(NEW, B)] == UNMOVED -> settle(NEW, B)
    /* On demand. */
    :: question[0] == ASKED || question[1] == ASKED ->
        if
        :: question[0] == ASKED -> c = 0
        :: question[1] == ASKED -> c = 1
        fi;
        find_newest(current, asked_for[c]);
        if
        :: hid[newest] -> newest = 0; put(current, table)
        :: else -> newest = 0
        fi;
        settle(current, asked_for[c]);
        find_newest(current, asked_for[c]);
        units = (hid[newest] -> 0 : bucket[newest]); /* refused: there is no place yet */
        do
        :: units == 0 -> break
        :: else ->
            STEP(if
                 :: bucket[newest] == units ->
                    bucket[newest] = units - 1;
                    count_spent(asked_for[c]);
                    break
                 :: else -> units = bucket[newest]
                 fi)
        od;
        atomic { question[c] = ANSWERED; c = 0; newest = 0; units = 0 }
    /* Nobody asks any more: the sum must be right. */
    :: clients_left == 0 ->
#ifdef SUM_UNCHECKED
        goto ended;
#endif
        settle(current, A);
        settle(current, B);
        atomic {
            find_newest(current, A);
            sum_is_right = (bucket[newest] + spent[A] == CAPACITY_A);
            assert(sum_is_right);
            find_newest(current, B);
            sum_is_right = (bucket[newest] + spent[B] == CAPACITY_B);
            assert(sum_is_right)
        };
        goto ended
    od;

dead:
    atomic {
        alive = false;
        forget_locals();
        current = 0;
        /* Connections end. */
        question[0] = (question[0] == ASKED -> ANSWERED : question[0]);
        question[1] = (question[1] == ASKED -> ANSWERED : question[1])
    };
    if
    :: goto start
    :: true /* stays dead */
    fi;
ended:
    skip
}

/* ---- clients ------------------------------------------------------------------------------------ */

proctype client(byte me; byte who; byte checks)
{
    byte view, slot, units, tries;

again:
    if
    :: checks == 0 -> goto ended
    :: else -> checks--
    fi;
    /* Up to its compare-and-swap a check stores nothing; what it knows may be old by then. */
    atomic {
        if
        :: view = OLD
        :: complete[NEW] -> view = NEW
        fi;
        if
        :: superseded[view] -> goto ask
        :: else
        fi;
        slot = FIRST(view, who);
        do
        :: slot < END(view, who) && !(body[slot] != 0 && !moved[slot]) -> slot++
        :: else -> break
        od;
        if
        :: slot == END(view, who) || hid[slot] -> goto ask
        :: else -> units = bucket[slot]
        fi
    };
    do
#ifdef CLIENT_WAITS
    :: !is_units(units) -> is_units(bucket[slot]); units = bucket[slot]
#else
    :: !is_units(units) -> goto ask
#endif
    :: units == 0 -> goto done /* refused */
    :: else ->
        atomic {
            if
            :: bucket[slot] == units -> bucket[slot] = units - 1; count_spent(who); goto done
            :: else ->
                /* Somebody spent, or the bucket was frozen. */
                units = bucket[slot];
                tries++;
                steps_are_bounded = (tries <= capacity(who) + 1);
                assert(steps_are_bounded)
            fi
        }
    od;
ask:
    atomic {
        view = 0; slot = 0; units = 0; tries = 0;
        if
        :: alive -> question[me] = ASKED; asked_for[me] = who
        :: else -> goto done /* refused */
        fi
    };
    atomic { question[me] == ANSWERED -> question[me] = IDLE; asked_for[me] = 0 };
done:
    atomic { view = 0; slot = 0; units = 0; tries = 0; goto again };
ended:
    atomic { checks = 0; clients_left-- }
}

init {
    atomic {
        /* Memory that nobody wrote is zero, which is the word of a full bucket. */
        bucket[0] = CAPACITY_A; bucket[1] = CAPACITY_A; bucket[2] = CAPACITY_A;
        bucket[3] = CAPACITY_B;
        drop_new();
        body[0] = 1;
        body[3] = 1;
        run daemon();
        run client(0, A, CHECKS);
        if
        :: run client(1, A, 1)
        :: run client(1, B, 1)
        fi
    }
}
