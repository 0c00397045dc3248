// Reads the state of a task into a record. Every program includes this file.
#pragma once
#include "Kernel.h"
#include "Records.h"

// linux/sched.h
#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000

// The namespaces of kthreadd, the kernel's thread with the PID 2: the static `init_nsproxy` and `init_user_ns`. Both
// exist as long as the machine runs and never change, so equal pointers prove equal namespaces.
struct {
  struct nsproxy *namespaces;
  struct user_namespace *user;
} host;

struct record {
  struct record_task task;
  struct record_namespaces namespaces;
};

static ALWAYS_INLINE u64 id_of(struct ns_common *ns) {
  struct ns_common___with_id *with_id = (void *)ns;
  return HAS_FIELD(with_id->ns_id) ? with_id->ns_id : 0;
}

#define NAMESPACE(LINK, NS)                          \
  do {                                               \
    struct ns_common *common = &(NS)->ns;            \
    namespaces->id[LINK] = id_of(common);     \
    namespaces->inode[LINK] = common->inum;   \
  } while (0)

// Reads the namespaces of `proxy`. A read of a freed object returns any value, and never faults.
static ALWAYS_INLINE void read_proxy(
  struct record_task *task, struct record_namespaces *namespaces, struct nsproxy *proxy
) {
  struct pid_namespace *children = proxy->pid_ns_for_children;
  NAMESPACE(LINK_CGROUP, proxy->cgroup_ns);
  NAMESPACE(LINK_IPC, proxy->ipc_ns);
  NAMESPACE(LINK_MNT, proxy->mnt_ns);
  NAMESPACE(LINK_NET, proxy->net_ns);
  NAMESPACE(LINK_PID_FOR_CHILDREN, children);
  NAMESPACE(LINK_TIME, proxy->time_ns);
  NAMESPACE(LINK_TIME_FOR_CHILDREN, proxy->time_ns_for_children);
  NAMESPACE(LINK_UTS, proxy->uts_ns);
  // As pidns_for_children_get of kernel/pid_namespace.c, which /proc/PID/ns/pid_for_children calls.
  if (!children->child_reaper) task->flags |= TASK_PENDING_CHILDREN;
}

static ALWAYS_INLINE void read_user(struct record_namespaces *namespaces, struct user_namespace *user) {
  NAMESPACE(LINK_USER, user);
}

// Reads the pid namespace of the task and its PIDs in the nested ones. The verifier of old kernels permits no variable
// index, and each constant one multiplies its work, so the program follows few levels.
static ALWAYS_INLINE void read_pids(
  struct record_task *task, struct record_namespaces *namespaces, struct pid *pid
) {
  u32 level = pid->level;
  struct pid_namespace *ns = pid->numbers[0].ns;
  task->level = level;
  if (level > 0) {
    if (FIELD_BYTES(pid->numbers) != 0 || level > NESTED_PIDS) {
      task->flags |= TASK_DEEP;
      namespaces->id[LINK_PID] = 0;
      namespaces->inode[LINK_PID] = 0;
      return;
    }
    task->nested[0] = pid->numbers[1].nr;
    if (level == 1) ns = pid->numbers[1].ns;
    if (level >= 2) task->nested[1] = pid->numbers[2].nr;
    if (level == 2) ns = pid->numbers[2].ns;
    if (level == 3) {
      task->nested[2] = pid->numbers[3].nr;
      ns = pid->numbers[3].ns;
    }
  }
  NAMESPACE(LINK_PID, ns);
}

// Fills the part of a record that does not say in which namespaces the task is.
static ALWAYS_INLINE void fill_task(struct record_task *record, struct task_struct *task) {
  __builtin_memset(record, 0, sizeof(*record));
  u32 flags = task->flags;
  record->kind = RECORD_TASK;
  record->bytes = sizeof(*record);
  record->tid = task->pid;
  record->pid = task->tgid;
  record->parent = task->real_parent->tgid;
  record->start = task->start_boottime;
  record->uid = task->real_cred->euid.val;
  record->execs = task->self_exec_id;
  struct css_set *cgroups = task->cgroups;
  record->cgroup = cgroups->dfl_cgrp->kn->id;
  record->cgroup_set = (u64)cgroups;
  __builtin_memcpy(record->comm, task->comm, sizeof(record->comm));
  if (flags & PF_EXITING) record->flags |= TASK_EXITING;
  if (flags & PF_KTHREAD) record->flags |= TASK_KERNEL_THREAD;
  if (!task->nsproxy) record->flags |= TASK_EXITED;
}

// Whether the task has the namespaces of kthreadd.
static ALWAYS_INLINE int is_host(struct task_struct *task) {
  return task->nsproxy && task->nsproxy == host.namespaces
    && task->real_cred->user_ns == host.user && task->thread_pid->level == 0;
}
