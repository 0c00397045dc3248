// The records that the programs write. `TaskRecord.swift` and `TaskEvent.swift` read them: a change here needs one
// there.
//
// Numbers are in the byte order of the machine. Each record begins with its size in bytes, a multiple of 8, and its
// kind.
// Equal tasks give equal bytes in every pass, so a reader can compare records as a whole.
#pragma once

enum record_kind {
  RECORD_TASK = 1,
  // The last record of a pass. A reader ignores all bytes that follow it.
  RECORD_END = 2,
  // A task started, executed a program, exits, or has changed its namespaces.
  RECORD_START = 3,
  RECORD_EXEC = 4,
  RECORD_EXIT = 5,
  RECORD_MOVE = 6,
  // The state of a task that is about to execute a program, if the exec changes its time namespace.
  RECORD_STATE = 7,
};

enum task_flags {
  // The task has the namespaces of kthreadd, and no `record_namespaces` follow. The record of kthreadd itself has them.
  TASK_HOST = 1,
  // The task has exited: it has left all its namespaces but those of the types pid and user.
  TASK_EXITED = 2,
  // The task has begun to exit (PF_EXITING).
  TASK_EXITING = 4,
  TASK_KERNEL_THREAD = 8,
  // The pid namespace for the children of the task has no process yet.
  TASK_PENDING_CHILDREN = 16,
  // The pid namespace of the task lies deeper than the program can follow: its inode and id are 0.
  TASK_DEEP = 32,
  // The task is a thread in all namespaces of its process, and no `record_namespaces` follow.
  TASK_SHARING = 64,
};

// The levels of pid namespaces below the initial one that a record has a PID for.
#define NESTED_PIDS 3

struct record_task {
  u16 bytes;
  u8 kind;
  u8 flags;
  s32 tid;
  s32 pid;
  s32 parent;
  // Nanoseconds of the boot clock.
  u64 start;
  // The id of the cgroup in the unified hierarchy (cgroups(7)).
  u64 cgroup;
  // Distinguishes the tasks that are in the same cgroups of all hierarchies from all others, while they exist.
  u64 cgroup_set;
  u32 uid;
  // The depth of the pid namespace of the task; 0 is the initial one.
  u32 level;
  s32 nested[NESTED_PIDS];
  // The low half of the count of programs that the task has executed, with those of the tasks that it descends from.
  u32 execs;
  char comm[16];
};

// The order of `NamespaceLink`.
enum {
  LINK_CGROUP,
  LINK_IPC,
  LINK_MNT,
  LINK_NET,
  LINK_PID,
  LINK_PID_FOR_CHILDREN,
  LINK_TIME,
  LINK_TIME_FOR_CHILDREN,
  LINK_USER,
  LINK_UTS,
  LINKS,
};

// Follows `record_task` without TASK_HOST and TASK_SHARING.
struct record_namespaces {
  u64 id[LINKS];
  u32 inode[LINKS];
};

struct record_end {
  u16 bytes;
  u8 kind;
  u8 zero[5];
  // The number of tasks that the pass visited, also those without a record.
  u64 visited;
};

// A record of the ring: what happened to a task, and the state of the task right after it. `record_namespaces` follows
// without TASK_HOST.
struct record_event {
  // With the namespaces.
  u16 bytes;
  u8 kind;
  u8 zero[5];
  // Of a start, the thread that made the task. Of an exec, `maker_tid` is the TID that the thread had before.
  s32 maker_tid;
  s32 maker_pid;
  // Nanoseconds of the boot clock. The order of the records is another one: two processors may take the time in one
  // order, and room in the ring in the other.
  u64 time;
  // Its size does not count the namespaces.
  struct record_task task;
};

// The records that found no room in the ring.
struct record_losses {
  u64 count;
  // The times of the first one after `acknowledged`, and of the last one.
  u64 first;
  u64 last;
  u64 acknowledged;
};
