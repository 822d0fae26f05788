/* handover.pml - views that are filled, take each other's place, and are lost: the flags, the lease,
 * what is published where, and when a change may be acknowledged
 *
 * One credential, of which a view has one version or nothing: how it comes into a slot is in
 * lookup.pml, its bucket in bucket.pml. Version v + 1 of the table is a change to version v, say its
 * revocation. The reader has one of the views that were ever handed out; what the others have of the
 * credential, and their leases, is nobody's business then, and not part of the state.
 */
#ifndef CHANGES
#define CHANGES 2
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#define LEASE 2
#define TICKS 3 /* that a lookup takes at most; before it any number passes */
#define VIEWS 3
#define NO_VIEW 7
#define UNPUBLISHED_MAX 2

#define NOTHING 0
#define VERSION(v) ((v) + 1)

/* ---- the memory --------------------------------------------------------------------------------- */
byte target; /* the reader's view */
byte has = NOTHING; /* the target; and when its lease ends */
byte valid_until = 0;
bool complete[VIEWS], current[VIEWS], superseded[VIEWS];
byte published[VIEWS];
byte acknowledge_from[VIEWS]; /* a time: nothing is acknowledged before */

/* What the service manager keeps for the next daemon. */
bool kept[VIEWS];
byte views = 1;

/* ---- the table, and what was promised ------------------------------------------------------------ */
byte table = 0, acked = 0;
byte crashes = CRASHES;
bool serving = false;
byte promise = 0; /* the lease that the daemon is about to store */

/* ---- time ---------------------------------------------------------------------------------------
 * Until the reader begins it is always 0, and what was yesterday is less: one number for all the past.
 */
byte now = 0;

/* For what must be true. */
bool handed = false;
bool begun = false, finished = false;
bool timeless = false; /* the reader looks at no clock any more: time can stop */
bool owned = false;    /* the target, by a daemon that is alive */
byte gone_until = 0;   /* when the last one that did ended, and the lease from then */

hidden byte acknowledged_is_seen, live_is_not_refused, lease_is_not_outlived;

#define STEP(x) if :: atomic { crashes > 0 -> crashes--; goto dead } :: atomic { x } fi
#define put(view, version) if :: (view) == target -> has = VERSION(version) :: else fi
#define in_time(t) (timeless -> 0 : (t))

/* Once the reader has begun nothing of it matters. */
inline acknowledge(version)
{
    atomic {
        if
        :: !begun -> acked = version
        :: else
        fi
    }
}

/* The newest view that is kept is the one to go on with. One that was still being filled in the shade
 * of another is dropped. */
inline look_at_kept()
{
    d_step {
        mine = NO_VIEW; older = NO_VIEW; v = 0;
        do
        :: v < VIEWS ->
            if
            :: kept[v] && (complete[v] || current[v]) -> older = mine; mine = v
            :: kept[v] && !complete[v] && !current[v] -> kept[v] = false
            :: else
            fi;
            v++
        :: else -> break
        od;
#ifndef ORPHAN_ADOPTED
        /* Superseded, and what took its place is not here: somebody may decide from that. */
        if
        :: mine != NO_VIEW && superseded[mine] -> mine = NO_VIEW
        :: else
        fi;
#endif
        v = 0
    }
}

/* It is the one that is handed out from now on. */
inline own(view)
{
    if
    :: view == target -> owned = true; handed = true
    :: else
    fi
}

inline fill(view)
{
    /* From the table as it is now, not as it was when filling began. */
#ifdef FILLED_FROM_SNAPSHOT
    r = snapshot;
#else
    r = table;
#endif
    STEP(put(view, r); filled = true; r = 0)
}

proctype daemon()
{
    byte mine, older, growing = NO_VIEW, v, r;
    bool filled;
#ifdef FILLED_FROM_SNAPSHOT
    byte snapshot;
#endif

start:
    look_at_kept();
    if
    :: mine == NO_VIEW && views == VIEWS -> goto ended /* beyond the bounds */
    :: mine == NO_VIEW && views < VIEWS ->
        /* It may be handed out at once; what is not in it yet is asked for. */
        STEP(
            mine = views; views++; older = 0;
            kept[0] = false; kept[1] = false; kept[2] = false;
            kept[mine] = true; current[mine] = true;
            published[mine] = table;
#ifndef LEASE_NOT_WAITED_FOR
            acknowledge_from[mine] = (begun -> 0 : now + LEASE);
#endif
            r = 0
        )
    :: else ->
#ifdef WAIT_FORGOTTEN
        acknowledge_from[mine] = 0;
#endif
#if !defined(NOT_SUPERSEDED) && !defined(NOT_SUPERSEDED_AFTER_CRASH)
        if
        :: older != NO_VIEW && !superseded[older] -> STEP(superseded[older] = true)
        :: else
        fi;
#endif
        older = 0
    fi;
    atomic { own(mine) };
#ifndef NOT_REPUBLISHED
    if
    :: table > published[mine] ->
        r = table;
        STEP(put(mine, r));
        STEP(published[mine] = r; r = 0)
    :: else
    fi;
#else
    published[mine] = table;
#endif
    serving = true;
end_loop:
    do
    :: atomic { crashes > 0 -> crashes--; goto dead }
    :: finished -> goto ended
    /* Also when somebody asks for it again, of a daemon that finds it done. */
    :: !begun && acked < published[mine] && now >= acknowledge_from[mine] ->
        acknowledge(published[mine])
    :: table < CHANGES && table - published[mine] < UNPUBLISHED_MAX -> table++
    :: table > published[mine] ->
        r = published[mine] + 1;
#ifdef ACKED_FIRST
        acknowledge(r);
#endif
        STEP(put(mine, r));
#ifndef NOT_PUBLISHED_IN_BOTH
        if
        :: growing != NO_VIEW ->
            STEP(put(growing, r));
            STEP(published[growing] = r)
        :: else
        fi;
#endif
        STEP(published[mine] = r; r = 0)
    /* The lease: from the time that was, when it is stored. */
    :: mine == target && !timeless ->
        promise = in_time(now + LEASE);
        STEP(valid_until = in_time(promise); promise = 0)
    /* Filling one that has been handed out. */
    :: !complete[mine] && !filled -> fill(mine)
    :: !complete[mine] && filled -> STEP(complete[mine] = true; filled = false)
    /* Growth. */
    :: complete[mine] && growing == NO_VIEW && views < VIEWS ->
        STEP(
            growing = views; views++; kept[growing] = true;
            published[growing] = published[mine];
#ifndef WAIT_NOT_INHERITED
            acknowledge_from[growing] = acknowledge_from[mine];
#endif
#ifdef FILLED_FROM_SNAPSHOT
            snapshot = table;
#endif
            r = 0
        )
    :: growing != NO_VIEW && !filled -> fill(growing)
    :: growing != NO_VIEW && filled ->
#ifdef PUBLISHED_FROM_TABLE
        STEP(published[growing] = table);
#endif
        STEP(complete[growing] = true; current[growing] = true; filled = false);
#ifndef NOT_SUPERSEDED
        STEP(superseded[mine] = true);
#endif
        atomic { mine = growing; growing = NO_VIEW; own(mine) }
    od;

dead:
    atomic {
        serving = false;
        if
        :: owned && !timeless -> gone_until = now + LEASE
        :: else
        fi;
        owned = false; promise = 0;
        mine = 0; older = 0; growing = NO_VIEW; v = 0; r = 0; filled = false
    };
    if
    :: goto start
    /* Without the memory, or without the part that was given away last. */
    :: atomic { kept[0] = false; kept[1] = false; kept[2] = false; goto start }
    :: atomic { kept[views - 1] -> kept[views - 1] = false; goto start }
    :: goto ended /* stays dead */
    fi;
ended:
    skip
}

/* ---- time --------------------------------------------------------------------------------------- */

inline pass(t)
{
    if
    :: t > 0 -> t--
    :: else
    fi
}

proctype clock()
{
end_clock:
    do
    :: atomic {
            !begun -> pass(valid_until); pass(promise); pass(gone_until);
            pass(acknowledge_from[0]); pass(acknowledge_from[1]); pass(acknowledge_from[2])
        }
    :: atomic { begun && !timeless && now < TICKS -> now++ }
    od
}

inline stop_time()
{
    d_step {
        timeless = true; now = 0; until = 0; at = 0;
        valid_until = 0; promise = 0; gone_until = 0
    }
}

/* ---- a reader ----------------------------------------------------------------------------------- */

proctype reader()
{
    byte from, answer, until, at;
    bool is_complete;

    atomic {
        handed -> from = acked; acked = 0; begun = true;
        acknowledge_from[0] = 0; acknowledge_from[1] = 0; acknowledge_from[2] = 0
    };
    atomic {
        is_complete = complete[target];
#ifndef SUPERSEDED_IGNORED
        if
        :: superseded[target] -> goto ask
        :: else
        fi
#endif
    };
    /* In either order. */
    if
    :: until = valid_until; at = now
    :: at = now; until = valid_until
    fi;
#ifndef LEASE_IGNORED
    if
    :: at >= until -> goto ask
    :: else
    fi;
#endif
    atomic {
        lease_is_not_outlived = (owned || at < gone_until);
        assert(lease_is_not_outlived);
        stop_time()
    };
    answer = has;
#ifdef COMPLETE_READ_LATE
    is_complete = complete[target];
#endif
#ifdef INCOMPLETE_IS_BELIEVED
    is_complete = true;
#endif
    if
    :: answer == NOTHING && !is_complete -> goto ask
    :: else -> goto judge
    fi;
ask:
    /* The daemon answers between two of its steps. Dead, it is no answer: the check is refused, but
     * not as unknown. */
    atomic {
        stop_time();
        if
        :: serving -> answer = VERSION(table)
        :: else -> goto done
        fi
    };
judge:
    atomic {
        live_is_not_refused = (answer != NOTHING);
        assert(live_is_not_refused);
        acknowledged_is_seen = (answer >= VERSION(from));
        assert(acknowledged_is_seen)
    };
done:
    atomic { finished = true; from = 0; answer = 0; is_complete = false }
}

init {
    atomic {
        if
        :: target = 0; has = VERSION(0); valid_until = LEASE; gone_until = LEASE; handed = true
        :: target = 1
        :: target = 2
        fi;
        complete[0] = true; current[0] = true; kept[0] = true;
        run daemon(); run clock(); run reader()
    }
}
