-- The history of which process was in which Linux namespace, and when.
--
-- The file stores what changed, not what was seen again. A membership says that a task (a process, or a thread
-- in other namespaces than its process) was in a namespace set (the namespaces that its links in /proc/PID/ns
-- lead to) from one sequence number to another; while its end is NULL it still holds. A sample (one pass over
-- /proc) in which nothing changed adds one row to `sample` and none elsewhere.
--
-- SEQUENCE NUMBERS. Samples and events (changes that the kernel reported as they happened) are numbered in one
-- order, the order of sessions (runs of a recorder) and of the boot clock. A column named seq, first_seq, last_seq,
-- from_seq, until_seq or next_seq holds such a number. Each number is one more than the last, also over sessions,
-- so that a row that was lost is noticed. Only two kinds of numbers may be missing: those that retention removed
-- from the beginning, and, in a slice (a file that was cut out of another history), those outside of it. Where
-- events report every change (sample.exact), a state that held at one number held until the next number. Otherwise
-- the state may have changed several times between two samples, and nothing shows it. Nothing at all is known of
-- the time before a sample with a gap (sample.gap).
--
-- ROW NUMBERS are identities: the number of a removed row is never given to another one, also not in another
-- session. SQLite ensures that where a table has AUTOINCREMENT. `task` and `membership`, which grow fastest, take
-- their numbers from `row_number`.
--
-- TIMES are integers: nanoseconds since the epoch (wall_ns), or since boot (boot_ns). The boot clock is
-- never set back. The end of an interval is exact where an event reported it; otherwise the change happened
-- at some time between two samples.
--
-- TEXT that the system or a user chose is escaped: a backslash is `\\` and a newline `\n`, as in
-- /proc/PID/status, and any other byte that is not printable UTF-8 is `\xHH`.
--
-- CODES are integers in the tables. The views at the end of this file give their names, and show times as
-- RFC 3339 in UTC.
--
-- WHAT IS FINAL. A program that copies rows to another place may rely on this:
--   never changed, once written:  history, boot, pid_space, clock_step, event_batch, event_loss, disagreement,
--                                 cgroup, past_description, pin_scan,
--                                 short-lived processes (`short_lived_task`), slice, slice_process, sample,
--                                 sample_note
--   changed by use:               program, login (used_seq grows)
--   changed until it ends:        session (first_seq, last_seq, ended_wall_ns, end_reason), namespace (last_seq,
--                                 and what was learned late: owner, parent, initial, maker, kernel_id), pin
--                                 (until_scan, task_id), container (verified, and what is read from the engine's
--                                 files: name, image, pod), membership (until_seq, exact), task (its description
--                                 and what only a sample reads, until the task has exited). A session whose
--                                 recorder was killed is ended, with all that was open in it, by the next recorder.
--   changed within a sample or two: namespace without kernel_id. When a sample reads the id, and another row has
--                                 that id already, the row without it is removed. namespace_set.links,
--                                 namespace_set_link, namespace and pin then refer to the other row.
--   removed when it exits:        with `record --short-lived changed` or `none`, the rows of task, membership and
--                                 past_description of a process that no sample observed. So the rows of a task,
--                                 also a membership that has ended, are final when the task has exited.
--   changed by retention:         history.watermark_seq grows. Rows of what had ended before it are removed, with
--                                 the samples and events before it. In a row that began before it and ended later,
--                                 from_seq or first_seq is raised to it, and the columns about the beginning are
--                                 cleared (membership.cause becomes 4, program_seq NULL). Only past_description.last_seq may be less
--                                 than the watermark.
--
-- RETENTION removes the oldest part of a history, up to a sample: the watermark. It moves the watermark by a few
-- samples at a time. Each move is one transaction, which also removes the rows that had ended, raises the rows
-- that began before the new watermark and end later, and removes each set, namespace, cgroup, container, program
-- and login to which no row refers any more. So the file is consistent after each transaction, even if the next
-- one never begins. The rows of `boot` and `pid_space` stay, and a session before the watermark stays without
-- first_seq and last_seq while a namespace or a scan for pins refers to it. A row of `short_lived_task`, and a
-- thread, may have a parent_task_id whose row was removed: then the parent is not known.
--
-- SPACE. The file is made with `PRAGMA auto_vacuum = INCREMENTAL`: the pages of removed rows are used again, or
-- `PRAGMA incremental_vacuum(N)` cuts N of them off the end of the file.

-- MARK: Who recorded

-- One row: the identity of the history in this file. Its UUID (version 4 of RFC 9562) is the only key that tells
-- it from every other history: cloned machines have one machine id, and a new file may be begun in the same boot
-- after the old one was removed. A copy of the file is the same history.
CREATE TABLE history (
  history_id INTEGER PRIMARY KEY CHECK (history_id = 1),
  uuid       TEXT    NOT NULL,
  -- The sample before which retention has removed what had ended: nothing is known of the time before it. It is
  -- the first one that the file has. NULL where nothing was removed.
  watermark_seq INTEGER
) STRICT;
INSERT INTO history (history_id, uuid) VALUES (1, lower(printf('%s-%s-4%s-%s%s-%s',
  hex(randomblob(4)), hex(randomblob(2)), substr(hex(randomblob(2)), 2),
  substr('89ab', 1 + abs(random() % 4), 1), substr(hex(randomblob(2)), 2), hex(randomblob(6)))));

-- The bounds of a slice, a file that was cut out of another history: one row, and none in a history that was
-- recorded. The file has not all rows of the time outside of these bounds, so it cannot answer a question about it.
--
-- A slice has every row of the samples and events from first_seq to last_seq, which begin a little before its time
-- and end a little after it. Rows have the numbers that they have in the other history. Of other times a slice has
-- only rows to which an answer about its own time refers: every membership of each task that it has a row of, every
-- session and clock step, every gap, every container, and the samples and events at which these begin and end. The
-- numbers of these samples and events are not consecutive.
CREATE TABLE slice (
  slice_id      INTEGER PRIMARY KEY CHECK (slice_id = 1),
  of_uuid       TEXT    NOT NULL,            -- history.uuid of the history that it was cut out of
  from_wall_ns  INTEGER NOT NULL,
  until_wall_ns INTEGER NOT NULL,
  first_seq     INTEGER NOT NULL,
  last_seq      INTEGER NOT NULL,
  CHECK (until_wall_ns >= from_wall_ns),
  CHECK (last_seq >= first_seq)
) STRICT;

-- The processes that a slice is limited to: those that had one of these PIDs, and those of one of these
-- containers. A slice without such rows holds all processes.
CREATE TABLE slice_process (
  position     INTEGER PRIMARY KEY,
  pid          INTEGER,
  container_id INTEGER REFERENCES container,
  CHECK ((pid IS NULL) <> (container_id IS NULL))
) STRICT;

-- The greatest row number that a table ever had.
CREATE TABLE row_number (
  name TEXT    PRIMARY KEY,                  -- 'task' or 'membership'
  last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO row_number VALUES ('task', 0), ('membership', 0);

-- One boot of a machine.
CREATE TABLE boot (
  boot_id          INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid             TEXT    NOT NULL UNIQUE,  -- /proc/sys/kernel/random/boot_id
  ticks_per_second INTEGER NOT NULL CHECK (ticks_per_second > 0)
) STRICT;

-- The space in which a PID names a process: one pid namespace of one boot, with start times on the boot clock of
-- one time namespace. One PID in two spaces is two processes. Two sessions share a row only if the pid namespace
-- is proven to be the same, or, where it is not known, if both read the same proc_root.
CREATE TABLE pid_space (
  space_id              INTEGER PRIMARY KEY AUTOINCREMENT,
  boot_id               INTEGER NOT NULL REFERENCES boot,
  pid_namespace_inode   INTEGER,             -- of the pid namespace whose PIDs /proc showed; NULL if not known
  pid_namespace_id      INTEGER,             -- the kernel's id of it; NULL if it gives none
  time_namespace_inode  INTEGER,             -- of the time namespace whose boot clock it is: the initial one if
                                             --   the recorder could convert times to it, otherwise the
                                             --   recorder's; NULL if not readable
  proc_root             TEXT                 -- only where the pid namespace is not known
) STRICT;

-- One run of the recorder. Sessions follow one another; they never overlap.
CREATE TABLE session (
  session_id           INTEGER PRIMARY KEY AUTOINCREMENT,
  space_id             INTEGER NOT NULL REFERENCES pid_space,
  recorder_pid         INTEGER NOT NULL,     -- in the recorder's own pid namespace:
  recorder_pid_namespace_inode INTEGER,      -- NULL if not readable
  program              TEXT    NOT NULL,     -- the recorder's name and version: 'nshist 0.1.0'
  interval_ns          INTEGER NOT NULL CHECK (interval_ns > 0),
  identity             TEXT    NOT NULL,     -- the method by which namespaces were identified
  proc_root            TEXT    NOT NULL,     -- its real path
  machine_id           TEXT,                 -- machine-id(5); NULL if not readable
  host_name            TEXT,                 -- /proc/sys/kernel/hostname, escaped; NULL if not readable
  hidepid              INTEGER,              -- of the mount of proc_root; NULL if not known
  started_wall_ns      INTEGER NOT NULL,
  started_boot_ns      INTEGER NOT NULL,
  first_seq         INTEGER,              -- NULL without a sample
  last_seq          INTEGER,              -- NULL without a sample, and while the session is open
  ended_wall_ns        INTEGER,              -- NULL while the session is open, and if its recorder died
  end_reason           TEXT CHECK (end_reason IN ('completed', 'stopped', 'failed', 'died')),
  events               INTEGER CHECK (events IN (0, 1)),  -- whether kernel events were recorded
  -- Where the samples and the kernel events came from: BPF programs, /proc, perf events. NULL if not known, and
  -- event_source without events.
  source               TEXT CHECK (source IN ('bpf', 'proc')),
  event_source         TEXT CHECK (event_source IN ('bpf', 'perf')),
  -- Which processes that no sample observed were stored: all, those that changed a namespace, or none.
  short_lived          TEXT CHECK (short_lived IN ('all', 'changed', 'none')),
  command_lines        INTEGER CHECK (command_lines IN (0, 1)),  -- whether command lines were recorded
  -- The limits of retention that the recorder was given: the age, and the size of the file. NULL for no limit.
  keep_ns              INTEGER CHECK (keep_ns > 0),
  max_bytes            INTEGER CHECK (max_bytes > 0),
  CHECK ((end_reason IS NULL) OR (last_seq IS NOT NULL) OR (first_seq IS NULL))
) STRICT;

-- The file that a session was recorded into. A copy of it has another device or inode. If a session was open when
-- a copy was made, the copy does not show how the session ended.
CREATE TABLE session_file (
  session_id INTEGER PRIMARY KEY REFERENCES session,
  device     INTEGER NOT NULL,               -- st_dev and st_ino of stat(2)
  inode      INTEGER NOT NULL,
  -- 1 where a recorder found the session open in a copy. Then its end is not known, and its
  -- end_reason has no meaning.
  copied     INTEGER CHECK (copied = 1)
) STRICT;

-- MARK: When

-- One pass over /proc. It began at wall_ns and took duration_ns; each read was somewhere in between.
CREATE TABLE sample (
  seq  INTEGER PRIMARY KEY,
  session_id INTEGER NOT NULL REFERENCES session,
  wall_ns    INTEGER NOT NULL,
  boot_ns    INTEGER NOT NULL,
  duration_ns    INTEGER NOT NULL CHECK (duration_ns >= 0),
  -- Why nothing is known of the time since the sample before: 1 the machine was suspended, 2 the
  -- recorder did not get to run, 3 samples could not be written, 4 samples could not be read,
  -- 5 events were lost.
  gap        INTEGER CHECK (gap BETWEEN 1 AND 5),
  -- 1 where events reported every change since the number before. Such a sample shows the state at one moment,
  -- its beginning. Any other sample shows each process at the moment at which it was read.
  exact      INTEGER CHECK (exact = 1),
  -- How many tasks the sample showed otherwise than events had reported; NULL for none.
  disagreements INTEGER
) STRICT;
CREATE INDEX sample_gap ON sample (seq) WHERE gap IS NOT NULL;

-- Details that few samples have.
CREATE TABLE sample_note (
  seq     INTEGER PRIMARY KEY REFERENCES sample,
  late_ns INTEGER,                           -- how late it began; NULL when in time
  -- How many changes of namespaces the recorder left out since the sample before, because one task changed a
  -- namespace of one type too often to record each change. From the first change that was left out until a sample
  -- reads it, the link of that type of the task is 'unseen' (see unread_reasons). NULL for none.
  folded  INTEGER
) STRICT;

-- Consecutive events with no sample in between, all within one second. Event N of them, counted from 0, has the
-- sequence number first_seq + N, and happened offsets[N] microseconds after wall_ns and boot_ns.
CREATE TABLE event_batch (
  first_seq INTEGER PRIMARY KEY,
  session_id   INTEGER NOT NULL REFERENCES session,
  wall_ns      INTEGER NOT NULL,
  boot_ns      INTEGER NOT NULL,
  offsets      TEXT    NOT NULL              -- six decimal digits each
) STRICT;

-- A step of the wall clock against the boot clock, between the number before and this one.
CREATE TABLE clock_step (
  seq INTEGER PRIMARY KEY,
  step_ns   INTEGER NOT NULL                 -- negative: it was set back
) STRICT;

-- A loss of events, under the number of the sample that read the state after it (the gap of that sample is 5).
CREATE TABLE event_loss (
  seq   INTEGER PRIMARY KEY REFERENCES sample,
  after_ns    INTEGER NOT NULL,              -- up to this time since boot no event was lost
  by_ns       INTEGER NOT NULL,              -- from this time since boot on no event was lost again
  records     INTEGER,                       -- how many were lost; NULL if that is not known
  cause       TEXT NOT NULL CHECK (cause IN ('ring-full', 'processors', 'malformed', 'late'))
) STRICT;

-- The first of the tasks that sample.disagreements counts.
CREATE TABLE disagreement (
  seq INTEGER NOT NULL REFERENCES sample,
  position  INTEGER NOT NULL,                -- counts from 1 in each sample
  pid       INTEGER NOT NULL,
  tid       INTEGER,                         -- of a thread; NULL for a process
  comm      TEXT,                            -- its name, escaped; NULL when not known
  -- 1: events had reported it in other namespaces; 2: no event reported its start; 3: no event reported its exit.
  kind      INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
  -- The set in which events had reported it, and the set in which the sample showed it. The first is NULL if events
  -- knew of no such task, the second if the sample showed none.
  reported_set_id INTEGER REFERENCES namespace_set,
  sampled_set_id  INTEGER REFERENCES namespace_set,
  PRIMARY KEY (seq, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX disagreement_reported ON disagreement (reported_set_id)
  WHERE reported_set_id IS NOT NULL;
CREATE INDEX disagreement_sampled ON disagreement (sampled_set_id) WHERE sampled_set_id IS NOT NULL;

-- MARK: Namespaces

-- One kernel namespace. The kernel reuses the inode numbers of namespaces, but never their ids.
CREATE TABLE namespace (
  namespace_id INTEGER PRIMARY KEY AUTOINCREMENT,
  boot_id      INTEGER NOT NULL REFERENCES boot,
  type         INTEGER NOT NULL CHECK (type BETWEEN 1 AND 8),  -- see namespace_types
  inode        INTEGER NOT NULL,
  kernel_id    INTEGER,                      -- NULL where the kernel gives none; then:
  session_id   INTEGER REFERENCES session,   --   the session that observed it, and
  inode_generation INTEGER,                  --   distinguishes namespaces that had one inode number
  initial      INTEGER CHECK (initial IN (0, 1)),  -- 1: made at boot; NULL when that is not known
  -- The first sequence number at which the namespace was known, and the last one at which a process was in it. If
  -- no process ever was in it, last_seq equals first_seq. last_seq is NULL while a process is in it.
  first_seq INTEGER,
  last_seq  INTEGER,
  -- ioctl_nsfs(2): the user namespace that owns it, the pid or user namespace it was made in, and for
  -- a user namespace the user who made it. NULL where there is none, or where that is not known.
  owner_id     INTEGER REFERENCES namespace,
  parent_id    INTEGER REFERENCES namespace,
  owner_uid    INTEGER,
  -- The process that made the namespace; a row of `short_lived_task` where it is negative. maker_certain is 1 if
  -- that process started another one in the new namespace (clone(2)). It is 0 if the process is only the first one
  -- that an event reported there: it made the namespace (unshare(2)), unless it entered (setns(2)) an older one that
  -- no scan for pins had found.
  maker_task_id INTEGER,
  maker_certain INTEGER CHECK (maker_certain IN (0, 1)),
  CHECK ((kernel_id IS NULL) = (inode_generation IS NOT NULL)),
  CHECK ((kernel_id IS NULL) = (session_id IS NOT NULL))
) STRICT;
-- Finds the namespaces that had an inode number, in the order in which they ended. They can be many. To decide
-- whether two rows may be one namespace, a query reads only the few that ended around a moment.
CREATE INDEX namespace_number ON namespace (inode, type, last_seq);
CREATE INDEX namespace_identity ON namespace (inode, type);
CREATE INDEX namespace_kernel_id ON namespace (kernel_id) WHERE kernel_id IS NOT NULL;
-- Finds a namespace without an id by its session and its number there: a search by inode would take longer with
-- each namespace that had the inode number.
CREATE INDEX namespace_generation ON namespace (session_id, inode_generation)
  WHERE inode_generation IS NOT NULL;
CREATE INDEX namespace_without_id ON namespace (inode, type, boot_id) WHERE kernel_id IS NULL;
CREATE INDEX namespace_last ON namespace (last_seq);
-- Lets retention find the namespaces that began before the watermark.
CREATE INDEX namespace_first ON namespace (first_seq);
CREATE INDEX namespace_parent ON namespace (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX namespace_owner ON namespace (owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX namespace_maker ON namespace (maker_task_id) WHERE maker_task_id IS NOT NULL;

-- The ten links in /proc/PID/ns of a task at one moment. A machine has few distinct sets, so a membership refers to
-- one instead of repeating ten links.
CREATE TABLE namespace_set (
  set_id INTEGER PRIMARY KEY AUTOINCREMENT,
  links  TEXT UNIQUE                         -- the ten links in one text, by which a set is found. NULL if another
                                             --   set has the same links, since two namespaces turned out to be one
) STRICT;

-- One link of a namespace set.
CREATE TABLE namespace_set_link (
  set_id       INTEGER NOT NULL REFERENCES namespace_set,
  link         INTEGER NOT NULL CHECK (link BETWEEN 0 AND 9),  -- see namespace_links
  namespace_id INTEGER REFERENCES namespace,
  unread       INTEGER CHECK (unread BETWEEN 1 AND 5),  -- why there is no namespace_id: see unread_reasons
  PRIMARY KEY (set_id, link),
  CHECK ((namespace_id IS NULL) <> (unread IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX namespace_set_link_namespace ON namespace_set_link (namespace_id)
  WHERE namespace_id IS NOT NULL;
CREATE INDEX namespace_set_link_unread ON namespace_set_link (unread) WHERE unread IS NOT NULL;

-- MARK: Containers

-- A container, as far as the path of a control group names one. For a container inside another, outer_id is that
-- other one.
CREATE TABLE container (
  container_id INTEGER PRIMARY KEY AUTOINCREMENT,
  outer_id     INTEGER REFERENCES container,
  engine       TEXT,                         -- NULL where the path does not name it
  id           TEXT    NOT NULL,             -- 64 hexadecimal digits, or a name if the path has no digits
  pod          TEXT,                         -- the uid of its Kubernetes pod
  owner_uid    INTEGER,                      -- the user whose rootless container it is
  name         TEXT,                         -- from the engine's files; NULL if not found there
  image        TEXT,
  pod_name     TEXT,
  pod_namespace TEXT,                        -- of Kubernetes: not one of the kernel's
  sandbox      INTEGER CHECK (sandbox IN (0, 1)),  -- whether it only holds its pod together
  -- 1 if the folder of its cgroup, and the one above, belonged to root when the container was first observed: only
  -- an engine of root can have made it. 0 if they did not, or are in a subtree that systemd delegated to a user:
  -- that user may have given a cgroup the name of a container. NULL if that could not be read.
  verified     INTEGER CHECK (verified IN (0, 1))
) STRICT;
CREATE INDEX container_id ON container (id);
CREATE INDEX container_name ON container (name) WHERE name IS NOT NULL;
CREATE INDEX container_outer ON container (outer_id) WHERE outer_id IS NOT NULL;

-- One text of /proc/PID/cgroup, once for all processes that have it.
CREATE TABLE cgroup (
  cgroup_id    INTEGER PRIMARY KEY AUTOINCREMENT,
  path         TEXT NOT NULL UNIQUE,         -- /proc/PID/cgroup, escaped
  container_id INTEGER REFERENCES container, -- the innermost container of the path
  unit         TEXT                          -- the unit of systemd
) STRICT;
CREATE INDEX cgroup_container ON cgroup (container_id) WHERE container_id IS NOT NULL;

-- MARK: Tasks

-- One process, or one thread whose namespaces differ from its leader's. Two rows of one PID are two
-- processes, also when they started in one clock tick.
CREATE TABLE task (
  task_id       INTEGER PRIMARY KEY CHECK (task_id > 0),  -- see row_number
  space_id      INTEGER NOT NULL REFERENCES pid_space,
  pid           INTEGER NOT NULL CHECK (pid > 0),
  start_ticks   INTEGER,                     -- of the boot clock; NULL when not readable
  parent_pid    INTEGER NOT NULL,            -- when first seen
  kernel_thread INTEGER NOT NULL CHECK (kernel_thread IN (0, 1)),
  nspid         TEXT,                        -- PIDs in inner pid namespaces: '4711 12 1'. NULL where there is
                                             --   no other than pid; empty where they are not known
  start_wall_ns INTEGER,                     -- start_ticks, by the wall clock when first seen
  -- The description that was read last; past_description has the earlier ones.
  comm          TEXT,                        -- escaped; NULL when not readable
  uid           INTEGER,
  cgroup_id     INTEGER REFERENCES cgroup,
  -- The task that parent_pid was when this one was first seen: of `short_lived_task` where it is negative. NULL if
  -- that is not known.
  parent_task_id INTEGER,
  tid           INTEGER,                     -- of a thread; its parent is its process. NULL for a process
  has_past      INTEGER CHECK (has_past = 1),  -- 1 where past_description has rows of it
  last_parent_pid INTEGER,                   -- the parent that was read last; NULL if it is parent_pid
  -- The sum of: 1, uid is the parent's and was not read; 2, cgroup_id is the parent's and was not read;
  -- 4, an event reported the start, so parent_pid is the process that made this one; 8, program_id is the parent's, as
  -- in a process that has executed no program since its start; 16, login_id is the parent's and was not read.
  provenance    INTEGER,
  program_id    INTEGER REFERENCES program,  -- NULL when not known, and for a kernel thread
  -- The event of the exec right after which the program was read, or the sample that read it. NULL where it was not
  -- read (see provenance), and where retention has removed that sample or event.
  program_seq   INTEGER,
  login_id      INTEGER REFERENCES login     -- NULL when not known
) STRICT;
CREATE INDEX task_pid ON task (pid, start_ticks);
CREATE INDEX task_thread ON task (pid, tid) WHERE tid IS NOT NULL;
CREATE INDEX task_comm ON task (comm);
CREATE INDEX task_cgroup ON task (cgroup_id);
CREATE INDEX task_program ON task (program_id) WHERE program_id IS NOT NULL;
CREATE INDEX task_login ON task (login_id) WHERE login_id IS NOT NULL;

-- A description that a task had before the one in `task`: its name, user, control group, parent, program and login. It
-- is known to have held up to last_seq; at next_seq another one is known to have held.
CREATE TABLE past_description (
  task_id    INTEGER NOT NULL REFERENCES task,
  next_seq   INTEGER NOT NULL,
  last_seq   INTEGER NOT NULL,
  exact      INTEGER CHECK (exact = 1),      -- 1: the event next_seq ended it. NULL: it ended at some
                                             --   time after last_seq, and by next_seq
  comm       TEXT,
  uid        INTEGER,
  cgroup_id  INTEGER REFERENCES cgroup,
  parent_pid INTEGER NOT NULL,
  provenance INTEGER,                        -- as in task
  program_id INTEGER REFERENCES program,
  program_seq INTEGER,                       -- as in task
  login_id   INTEGER REFERENCES login,
  PRIMARY KEY (task_id, next_seq),
  CHECK (last_seq < next_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX past_description_comm ON past_description (comm);
CREATE INDEX past_description_cgroup ON past_description (cgroup_id);

-- A program with its command line, once for all tasks that ran it.
--
-- A task has it from an exec until the next exec. Where events report execs, the first row of a task with the program
-- begins with the exec, and the command line was read right after it. Otherwise a sample read it, and the task may have
-- executed it at any time before; and an exec after that is only noticed if it changed the name of the task, or the
-- address of its arguments, which the kernel randomizes. A process may rewrite its own command line (setproctitle(3)):
-- it is recorded as it was when it was read.
CREATE TABLE program (
  program_id   INTEGER PRIMARY KEY AUTOINCREMENT,
  executable   TEXT,                         -- /proc/PID/exe, escaped: ' (deleted)' follows the path of a file that
                                             --   was removed. NULL when not readable
  command_line TEXT,                         -- /proc/PID/cmdline, escaped, a blank between two arguments; NULL when
                                             --   not readable, and with `record --cmdline off`
  -- The sum of: 1, command_line has only the first 512 bytes; 2, executable has only the first 512 bytes.
  truncated    INTEGER CHECK (truncated BETWEEN 1 AND 3),
  digest       INTEGER NOT NULL,             -- a hash of both texts, by which a recorder finds the row
  -- The last sequence number at which a row of `short_lived_task` or `past_description` came to refer to this one, or at
  -- which this one was inserted: retention needs it.
  used_seq     INTEGER NOT NULL
) STRICT;
CREATE INDEX program_digest ON program (digest);
CREATE INDEX program_used ON program (used_seq);

-- A login, a session and a terminal, once for all tasks that had them.
CREATE TABLE login (
  login_id     INTEGER PRIMARY KEY AUTOINCREMENT,
  login_uid    INTEGER,                      -- /proc/PID/loginuid: the user who logged in, whoever the user is now. -1
                                             --   where there was no login; NULL when not readable
  sid          INTEGER,                      -- the session id (setsid(2)): the PID of the leader of the session, 0 for
                                             --   one of an outer pid namespace; NULL when not readable
  tty          TEXT,                         -- the controlling terminal: 'pts/3'. Empty for none, NULL when not known
  used_seq     INTEGER NOT NULL              -- as in program
) STRICT;
CREATE INDEX login_sid ON login (sid, login_uid);
CREATE INDEX login_used ON login (used_seq);

-- One task in one namespace set, for one interval.
CREATE TABLE membership (
  membership_id INTEGER PRIMARY KEY,         -- see row_number
  task_id       INTEGER NOT NULL REFERENCES task,
  set_id        INTEGER NOT NULL REFERENCES namespace_set,
  from_seq   INTEGER NOT NULL,            -- the first number at which it held
  until_seq  INTEGER,                     -- the last one; NULL while it holds
  -- Why the command `nshist query changes` may report its beginning. NULL: there is nothing to report, as when a
  -- process started in the namespaces to which its parent's links for children led (pid_for_children and
  -- time_for_children; for other types, the parent's own). 1: the task may have moved, out of origin_set_id. 2: the
  -- process started in other or new namespaces, or its own links for children lead to another namespace than it is
  -- in; its parent is in origin_set_id. 3: the parent is not known, and the process is in a new namespace, or its own
  -- links for children lead to another namespace than it is in. 4: the task stayed in its namespaces, for instance
  -- over a time with no recorder, and the membership before had a cause.
  cause         INTEGER CHECK (cause BETWEEN 1 AND 4),
  origin_set_id INTEGER REFERENCES namespace_set,
  -- 1: an event began it, at from_seq; 2: an event ended it, at the number after until_seq; 3: both.
  -- NULL where only samples show it.
  exact         INTEGER CHECK (exact BETWEEN 1 AND 3),
  CHECK (until_seq >= from_seq)
) STRICT;
CREATE INDEX membership_task ON membership (task_id, from_seq);
CREATE INDEX membership_open ON membership (membership_id) WHERE until_seq IS NULL;
-- Finds all that held at one number without a scan of the whole history: a membership whose length has N
-- octal digits and that held at number S began after S - 8^N. So a few short ranges of this index
-- hold them all.
CREATE INDEX membership_span
  ON membership (length(printf('%o', until_seq - from_seq)), from_seq)
  WHERE until_seq IS NOT NULL;
-- The same for the memberships of one set; 0 stands for those that still hold.
CREATE INDEX membership_set ON membership (
  set_id,
  CASE WHEN until_seq IS NULL THEN 0
       ELSE length(printf('%o', until_seq - from_seq)) END,
  from_seq);
CREATE INDEX membership_begun ON membership (from_seq) WHERE cause IS NOT NULL;
CREATE INDEX membership_ended ON membership (until_seq)
  WHERE cause IS NOT NULL AND until_seq IS NOT NULL;
CREATE INDEX membership_origin ON membership (origin_set_id) WHERE origin_set_id IS NOT NULL;

-- A process that started and exited between two samples, and stayed in the namespaces to which its parent's links for
-- children led: one row instead of a task and a membership. Its task_id is its first sequence number, negated.
-- provenance says whether uid and cgroup are the process's own or its parent's.
CREATE TABLE short_lived_task (
  from_seq    INTEGER PRIMARY KEY,        -- the event that started it
  length         INTEGER NOT NULL,           -- to the last number before the event that ended it
  pid            INTEGER NOT NULL,
  set_id         INTEGER NOT NULL,
  parent_task_id INTEGER,                    -- of `task`, or of `short_lived_task` where it is negative
  comm           TEXT,                       -- its last recorded name, escaped; NULL when not known
  uid            INTEGER,
  cgroup_id      INTEGER,
  task_id        INTEGER AS (-from_seq) VIRTUAL,
  until_seq   INTEGER AS (from_seq + length) VIRTUAL,
  exact          INTEGER AS (3) VIRTUAL,     -- as membership.exact
  provenance     INTEGER,                    -- as in task
  program_id     INTEGER,                    -- read right after the exec, unless provenance says that it is the parent's
  login_id       INTEGER
) STRICT;
CREATE INDEX short_lived_task_pid ON short_lived_task (pid);
CREATE INDEX short_lived_task_set ON short_lived_task (set_id);
CREATE INDEX short_lived_task_comm ON short_lived_task (comm);
CREATE INDEX short_lived_task_cgroup ON short_lived_task (cgroup_id);

-- MARK: Pins

-- A scan for pins (see pin): of the mounts of every mount namespace, and the open files and sockets of every
-- process. It began at wall_ns and took duration_ns.
CREATE TABLE pin_scan (
  scan_id    INTEGER PRIMARY KEY AUTOINCREMENT,  -- in the order of the boot clock and of sessions
  session_id INTEGER NOT NULL REFERENCES session,
  wall_ns    INTEGER NOT NULL,
  boot_ns    INTEGER NOT NULL,
  duration_ns    INTEGER NOT NULL CHECK (duration_ns >= 0),
  denied     INTEGER NOT NULL                -- processes whose open files could not be read
) STRICT;
CREATE INDEX pin_scan_wall ON pin_scan (wall_ns);

-- A pin: a mount, an open file or a socket that keeps a namespace alive, also without a process in it. Every scan
-- from from_scan to until_scan found the pin; while until_scan is NULL, every scan of its session since from_scan.
CREATE TABLE pin (
  pin_id             INTEGER PRIMARY KEY AUTOINCREMENT,
  namespace_id       INTEGER NOT NULL REFERENCES namespace,
  kind               INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),  -- see pin_kinds
  mount_namespace_id INTEGER REFERENCES namespace, -- of a mount: where it is seen; NULL if not known
  path               TEXT,                   -- of a mount: as seen there, escaped
  pid                INTEGER,                -- of a file or socket: the process that has it,
  task_id            INTEGER REFERENCES task,--   NULL if no sample had observed that
  comm               TEXT,                   --   its name then, escaped
  descriptor         INTEGER,                --   and the file descriptor
  from_scan          INTEGER NOT NULL REFERENCES pin_scan,
  until_scan         INTEGER REFERENCES pin_scan,
  CHECK (until_scan >= from_scan),
  CHECK ((kind = 1) = (path IS NOT NULL)),
  CHECK ((kind = 1) = (pid IS NULL))
) STRICT;
CREATE INDEX pin_namespace ON pin (namespace_id);
CREATE INDEX pin_open ON pin (pin_id) WHERE until_scan IS NULL;
CREATE INDEX pin_begun ON pin (from_scan);
CREATE INDEX pin_ended ON pin (until_scan) WHERE until_scan IS NOT NULL;
CREATE INDEX pin_task ON pin (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX pin_mount ON pin (mount_namespace_id) WHERE mount_namespace_id IS NOT NULL;
-- Like membership_span, but counted in scans.
CREATE INDEX pin_span ON pin (length(printf('%o', until_scan - from_scan)), from_scan)
  WHERE until_scan IS NOT NULL;

-- MARK: Views

-- Names of codes.
CREATE VIEW namespace_types (type, name) AS
  VALUES (1, 'cgroup'), (2, 'ipc'), (3, 'mnt'), (4, 'net'),
         (5, 'pid'), (6, 'time'), (7, 'user'), (8, 'uts');
CREATE VIEW namespace_links (link, name, type) AS
  VALUES (0, 'cgroup', 1), (1, 'ipc', 2), (2, 'mnt', 3), (3, 'net', 4), (4, 'pid', 5),
         (5, 'pid_for_children', 5), (6, 'time', 6), (7, 'time_for_children', 6),
         (8, 'user', 7), (9, 'uts', 8);
CREATE VIEW unread_reasons (unread, name) AS
  VALUES (1, 'denied'), (2, 'zombie'), (3, 'unsupported'), (4, 'pending'), (5, 'unseen');
CREATE VIEW pin_kinds (kind, name) AS VALUES (1, 'mount'), (2, 'descriptor'), (3, 'socket');

-- Flat views for people. The time of a sequence number is that of its sample, or that of its event: the event is in
-- the last batch whose first_seq is not greater than its number.

CREATE VIEW sessions AS
  SELECT s.session_id, s.host_name, b.uuid AS boot, p.pid_namespace_inode, s.recorder_pid, s.program,
         s.interval_ns / 1e9 AS interval_s, s.identity, f.time AS first_sample,
         l.time AS last_sample,
         CASE WHEN c.copied = 1 THEN 'unknown-end' ELSE COALESCE(s.end_reason, 'open') END AS state,
         s.events, s.source, s.event_source
  FROM session AS s JOIN pid_space AS p USING (space_id) JOIN boot AS b USING (boot_id)
  LEFT JOIN session_file AS c USING (session_id)
  LEFT JOIN samples AS f ON f.seq = s.first_seq
  LEFT JOIN samples AS l ON s.first_seq IS NOT NULL AND l.seq = (
    SELECT MAX(seq) FROM sample
    WHERE seq <= COALESCE(s.last_seq, 9223372036854775807));

CREATE VIEW samples AS
  SELECT seq, session_id,
         strftime('%Y-%m-%dT%H:%M:%S', wall_ns / 1000000000, 'unixepoch')
           || printf('.%09dZ', wall_ns % 1000000000) AS time,
         duration_ns / 1e6 AS duration_ms, late_ns / 1e6 AS late_ms,
         CASE gap WHEN 1 THEN 'suspended' WHEN 2 THEN 'stalled' WHEN 3 THEN 'write-failed'
                  WHEN 4 THEN 'read-failed' WHEN 5 THEN 'events-lost' END AS gap_before,
         exact, disagreements
  FROM sample LEFT JOIN sample_note USING (seq);

-- One row for each event that has a sequence number.
CREATE VIEW events AS
  WITH
    split (seq, session_id, wall_ns, rest) AS (
      SELECT first_seq, session_id, wall_ns, offsets FROM event_batch
      UNION ALL
      SELECT seq + 1, session_id, wall_ns, substr(rest, 7) FROM split
      WHERE length(rest) > 6),
    timed (seq, session_id, wall_ns) AS (
      SELECT seq, session_id, wall_ns + 1000 * CAST(substr(rest, 1, 6) AS INTEGER) FROM split)
  SELECT seq, session_id,
         strftime('%Y-%m-%dT%H:%M:%S', wall_ns / 1000000000, 'unixepoch')
           || printf('.%09dZ', wall_ns % 1000000000) AS time
  FROM timed;

CREATE VIEW processes AS
  SELECT t.task_id, b.uuid AS boot, p.pid_namespace_inode, t.pid, t.tid, t.start_ticks,
         strftime('%Y-%m-%dT%H:%M:%S', t.start_wall_ns / 1000000000, 'unixepoch')
           || printf('.%02dZ', t.start_wall_ns % 1000000000 / 10000000) AS start,
         t.comm, t.uid, t.parent_pid, t.kernel_thread, COALESCE(t.nspid, t.pid) AS nspid, c.path AS cgroup, c.unit,
         n.engine, n.id AS container, n.name AS container_name,
         g.command_line, g.executable, l.login_uid, l.sid, l.tty
  FROM task AS t JOIN pid_space AS p USING (space_id) JOIN boot AS b USING (boot_id)
  LEFT JOIN cgroup AS c USING (cgroup_id) LEFT JOIN container AS n USING (container_id)
  LEFT JOIN program AS g USING (program_id) LEFT JOIN login AS l USING (login_id)
  UNION ALL
  SELECT r.task_id, b.uuid, p.pid_namespace_inode, r.pid, NULL, NULL,
         (SELECT strftime('%Y-%m-%dT%H:%M:%S', wall_ns / 1000000000, 'unixepoch')
                   || printf('.%02dZ', wall_ns % 1000000000 / 10000000)
          FROM (SELECT e.wall_ns + 1000 * CAST(
                  substr(e.offsets, 6 * (r.from_seq - e.first_seq) + 1, 6) AS INTEGER)
                  AS wall_ns)),
         r.comm, r.uid, COALESCE(a.pid, o.pid), 0, r.pid, c.path, c.unit, n.engine, n.id, n.name,
         g.command_line, g.executable, l.login_uid, l.sid, l.tty
  FROM short_lived_task AS r JOIN event_batch AS e ON e.first_seq = (
    SELECT MAX(first_seq) FROM event_batch WHERE first_seq <= r.from_seq)
  JOIN session USING (session_id) JOIN pid_space AS p USING (space_id)
  JOIN boot AS b USING (boot_id) LEFT JOIN cgroup AS c USING (cgroup_id)
  LEFT JOIN container AS n USING (container_id)
  LEFT JOIN program AS g ON g.program_id = r.program_id LEFT JOIN login AS l ON l.login_id = r.login_id
  LEFT JOIN task AS a ON a.task_id = r.parent_task_id
  LEFT JOIN short_lived_task AS o ON o.from_seq = -r.parent_task_id;

-- All descriptions of each task, past and last ones. The last description of a task has no last_seq.
CREATE VIEW descriptions AS
  SELECT task_id, pid, tid, last_seq, next_seq, exact, comm, uid, path AS cgroup, parent_pid,
         COALESCE(provenance, 0) & 1 AS uid_is_inherited,
         COALESCE(provenance, 0) & 2 <> 0 AS cgroup_is_inherited,
         command_line, executable, truncated, program_seq,
         COALESCE(provenance, 0) & 8 <> 0 AS program_is_inherited,
         login_uid, sid, tty, COALESCE(provenance, 0) & 16 <> 0 AS login_is_inherited
  FROM (
    SELECT p.task_id, t.pid, t.tid, p.last_seq, p.next_seq, p.exact, p.comm, p.uid, p.cgroup_id,
           p.parent_pid, p.provenance, p.program_id, p.program_seq, p.login_id
    FROM past_description AS p JOIN task AS t USING (task_id)
    UNION ALL
    SELECT task_id, pid, tid, NULL, NULL, NULL, comm, uid, cgroup_id,
           COALESCE(last_parent_pid, parent_pid), provenance, program_id, program_seq, login_id
    FROM task
    UNION ALL
    SELECT r.task_id, r.pid, NULL, NULL, NULL, NULL, r.comm, r.uid, r.cgroup_id,
           COALESCE(a.pid, o.pid), r.provenance, r.program_id,
           CASE WHEN r.program_id IS NOT NULL AND COALESCE(r.provenance, 0) & 8 = 0
                THEN r.from_seq END, r.login_id
    FROM short_lived_task AS r LEFT JOIN task AS a ON a.task_id = r.parent_task_id
    LEFT JOIN short_lived_task AS o ON o.from_seq = -r.parent_task_id)
  LEFT JOIN cgroup USING (cgroup_id)
  LEFT JOIN (SELECT program_id, executable, command_line, truncated FROM program) USING (program_id)
  LEFT JOIN (SELECT login_id, login_uid, sid, tty FROM login) USING (login_id);

-- One row for each namespace. first_seen and last_seen bound the time in which a process was in it, or in which the
-- link for children of a process led to it (pid_for_children, time_for_children).
CREATE VIEW namespaces AS
  WITH newest (number) AS (
    SELECT MAX(COALESCE((SELECT MAX(seq) FROM sample), 0), COALESCE(
      (SELECT first_seq + length(offsets) / 6 - 1 FROM event_batch
       ORDER BY first_seq DESC LIMIT 1), 0))),
  -- The code of a link for children is one above that of the process's own link.
  held AS (
    SELECT l.namespace_id, l.set_id FROM namespace_set_link AS l
    WHERE l.link IN (5, 7) AND l.namespace_id IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM namespace_set_link AS o WHERE o.set_id = l.set_id AND o.link = l.link - 1
        AND o.namespace_id = l.namespace_id)),
  known AS (
    SELECT namespace_id, boot_id, type, inode, kernel_id, initial, first_seq,
      CASE WHEN first_seq IS NULL THEN NULL
        WHEN last_seq IS NULL THEN (SELECT number FROM newest)
        ELSE MAX(last_seq, COALESCE(
          (SELECT MAX(COALESCE(m.until_seq, (SELECT number FROM newest)))
           FROM held AS h CROSS JOIN membership AS m ON m.set_id = h.set_id
           WHERE h.namespace_id = namespace.namespace_id), 0), COALESCE(
          (SELECT MAX(m.until_seq) FROM held AS h CROSS JOIN short_lived_task AS m ON m.set_id = h.set_id
           WHERE h.namespace_id = namespace.namespace_id), 0)) END AS last_seq,
      owner_id, parent_id, owner_uid, maker_task_id, maker_certain
    FROM namespace),
  timed AS (
    SELECT *,
      COALESCE((SELECT wall_ns FROM sample WHERE seq = first_seq),
        (SELECT wall_ns + 1000 * CAST(
           substr(offsets, 6 * (n.first_seq - e.first_seq) + 1, 6) AS INTEGER)
         FROM event_batch AS e WHERE e.first_seq <= n.first_seq
         ORDER BY e.first_seq DESC LIMIT 1)) AS f,
      COALESCE((SELECT wall_ns FROM sample WHERE seq = last_seq),
        (SELECT wall_ns + 1000 * CAST(
           substr(offsets, 6 * (n.last_seq - e.first_seq) + 1, 6) AS INTEGER)
         FROM event_batch AS e WHERE e.first_seq <= n.last_seq
         ORDER BY e.first_seq DESC LIMIT 1)) AS l
    FROM known AS n)
  SELECT n.namespace_id, b.uuid AS boot, y.name AS type, n.inode, n.kernel_id, n.initial,
         strftime('%Y-%m-%dT%H:%M:%S', f / 1000000000, 'unixepoch')
           || printf('.%09dZ', f % 1000000000) AS first_seen,
         strftime('%Y-%m-%dT%H:%M:%S', l / 1000000000, 'unixepoch')
           || printf('.%09dZ', l % 1000000000) AS last_seen,
         o.inode AS owner_inode, o.kernel_id AS owner_id,
         p.inode AS parent_inode, p.kernel_id AS parent_id, n.owner_uid,
         COALESCE(t.pid, r.pid) AS maker_pid, COALESCE(t.comm, r.comm) AS maker_comm,
         n.maker_certain, g.command_line AS maker_command_line
  FROM timed AS n JOIN boot AS b USING (boot_id) JOIN namespace_types AS y USING (type)
  LEFT JOIN namespace AS o ON o.namespace_id = n.owner_id
  LEFT JOIN namespace AS p ON p.namespace_id = n.parent_id
  LEFT JOIN task AS t ON t.task_id = n.maker_task_id
  LEFT JOIN short_lived_task AS r ON r.from_seq = -n.maker_task_id
  LEFT JOIN program AS g ON g.program_id = COALESCE(t.program_id, r.program_id);

-- One row for each time a task was in one namespace set; `membership_links` has its links. last_seen is the time of
-- the event that ended it, or else of the last sample or event at which it held. If it still holds, that is the last
-- sample or event of the file.
CREATE VIEW memberships AS
  WITH
    newest (number) AS (
      SELECT MAX(COALESCE((SELECT MAX(seq) FROM sample), 0), COALESCE(
        (SELECT first_seq + length(offsets) / 6 - 1 FROM event_batch
         ORDER BY first_seq DESC LIMIT 1), 0))),
    everyone (membership_id, task_id, pid, comm, set_id, first, last, open, exact) AS (
      SELECT m.membership_id, m.task_id, t.pid, t.comm, m.set_id, m.from_seq,
             COALESCE(m.until_seq + (COALESCE(m.exact, 0) >= 2), (SELECT number FROM newest)),
             m.until_seq IS NULL, m.exact
      FROM membership AS m JOIN task AS t USING (task_id)
      UNION ALL
      SELECT -from_seq, task_id, pid, comm, set_id, from_seq, until_seq + 1, 0, 3 FROM short_lived_task),
    timed AS (
      SELECT *,
        COALESCE((SELECT wall_ns FROM sample WHERE seq = first),
          (SELECT wall_ns + 1000 * CAST(substr(offsets, 6 * (first - first_seq) + 1, 6) AS INTEGER)
           FROM event_batch WHERE first_seq <= first ORDER BY first_seq DESC LIMIT 1)) AS f,
        COALESCE((SELECT wall_ns FROM sample WHERE seq = last),
          (SELECT wall_ns + 1000 * CAST(substr(offsets, 6 * (last - first_seq) + 1, 6) AS INTEGER)
           FROM event_batch WHERE first_seq <= last ORDER BY first_seq DESC LIMIT 1)) AS l
      FROM everyone)
  SELECT membership_id, task_id, pid, comm, set_id,
         strftime('%Y-%m-%dT%H:%M:%S', f / 1000000000, 'unixepoch')
           || printf('.%09dZ', f % 1000000000) AS first_seen,
         strftime('%Y-%m-%dT%H:%M:%S', l / 1000000000, 'unixepoch')
           || printf('.%09dZ', l % 1000000000) AS last_seen,
         open, exact
  FROM timed;

-- One row for each of the ten links of each membership: the flattest view of all.
CREATE VIEW membership_links AS
  SELECT m.membership_id, m.task_id, m.pid, m.comm, k.name AS link, n.inode, n.kernel_id,
         n.namespace_id, n.initial, u.name AS unread, m.first_seen, m.last_seen, m.open, m.exact
  FROM memberships AS m JOIN namespace_set_link AS sl USING (set_id)
  JOIN namespace_links AS k USING (link)
  LEFT JOIN namespace AS n USING (namespace_id)
  LEFT JOIN unread_reasons AS u ON u.unread = sl.unread;

CREATE VIEW pins AS
  SELECT p.pin_id, y.name AS type, n.inode, n.kernel_id, n.namespace_id, k.name AS kind, p.path,
         m.inode AS mount_namespace_inode, p.pid, p.comm, p.descriptor,
         strftime('%Y-%m-%dT%H:%M:%S', f.wall_ns / 1000000000, 'unixepoch')
           || printf('.%09dZ', f.wall_ns % 1000000000) AS first_seen,
         strftime('%Y-%m-%dT%H:%M:%S', l.wall_ns / 1000000000, 'unixepoch')
           || printf('.%09dZ', l.wall_ns % 1000000000) AS last_seen,
         p.until_scan IS NULL AS open
  FROM pin AS p JOIN namespace AS n USING (namespace_id) JOIN namespace_types AS y USING (type)
  JOIN pin_kinds AS k USING (kind)
  JOIN pin_scan AS f ON f.scan_id = p.from_scan
  JOIN pin_scan AS l ON l.scan_id = COALESCE(p.until_scan, (SELECT MAX(scan_id) FROM pin_scan))
  LEFT JOIN namespace AS m ON m.namespace_id = p.mount_namespace_id;
