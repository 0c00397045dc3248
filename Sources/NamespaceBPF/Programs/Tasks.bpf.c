// The programs of the type iter/task, which the kernel runs for each task of the reader's pid namespace, in the order of
// the TIDs, while the reader reads the descriptor of an iterator (Documentation/bpf/bpf_iterators.rst). `read_task`
// writes a record for every process, and for every thread whose namespaces may differ from those of its process.
// `read_sharing_thread` writes a record for every other thread.
//
// The kernel calls the program for a task again if its record found no room in the buffer, or if the program returns 1,
// and drops the bytes of the first call (bpf_seq_read of kernel/bpf/bpf_iter.c). So the program counts nothing, and all
// that it stores from one call to the next is `host`. The second call is for the first task that exists then with the
// same TID or a higher one.
#include "Kernel.h"
#include "Records.h"

char license_text[] SEC("license") = "Dual MIT/GPL";

// linux/sched.h: the kernel is about to remove the task from its lists.
#define EXIT_DEAD 0x10
#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000

// The namespaces of kthreadd, the kernel's thread with the PID 2: the static `init_nsproxy` and `init_user_ns`. Both
// exist as long as the machine runs and never change, so equal pointers prove equal namespaces.
struct {
  struct nsproxy *namespaces;
  struct user_namespace *user;
} host;

// Incremented only for the order of memory accesses.
u64 fence;

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
    record->namespaces.id[LINK] = id_of(common);     \
    record->namespaces.inode[LINK] = common->inum;   \
  } while (0)

// Reads the namespaces of `proxy`. A read of a freed object returns any value, and never faults.
static ALWAYS_INLINE void read_proxy(struct record *record, struct nsproxy *proxy) {
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
  if (!children->child_reaper) record->task.flags |= TASK_PENDING_CHILDREN;
}

static ALWAYS_INLINE void read_user(struct record *record, struct user_namespace *user) {
  NAMESPACE(LINK_USER, user);
}

// Reads the pid namespace of the task and its PIDs in the nested ones. The verifier of old kernels permits no variable
// index, and each constant one multiplies its work, so the program follows few levels.
static ALWAYS_INLINE void read_pids(struct record *record, struct pid *pid) {
  u32 level = pid->level;
  struct pid_namespace *ns = pid->numbers[0].ns;
  record->task.level = level;
  if (level > 0) {
    if (FIELD_BYTES(pid->numbers) != 0 || level > NESTED_PIDS) {
      record->task.flags |= TASK_DEEP;
      record->namespaces.id[LINK_PID] = 0;
      record->namespaces.inode[LINK_PID] = 0;
      return;
    }
    record->task.nested[0] = pid->numbers[1].nr;
    if (level == 1) ns = pid->numbers[1].ns;
    if (level >= 2) record->task.nested[1] = pid->numbers[2].nr;
    if (level == 2) ns = pid->numbers[2].ns;
    if (level == 3) {
      record->task.nested[2] = pid->numbers[3].nr;
      ns = pid->numbers[3].ns;
    }
  }
  NAMESPACE(LINK_PID, ns);
}

static ALWAYS_INLINE int write_end(struct bpf_iter__task *context) {
  struct record_end end = {
    .bytes = sizeof(end), .kind = RECORD_END, .visited = context->meta->seq_num + 1};
  bpf_seq_write(context->meta->seq, &end, sizeof(end));
  return 0;
}

// A thread that shares the nsproxy and the user namespace of its process shares all its namespaces. The pointers of both
// are compared, and nothing behind them: if one of the tasks changes its namespaces at this moment, the comparison is of
// the moment before.
static ALWAYS_INLINE int shares_namespaces(struct task_struct *thread) {
  struct task_struct *leader = thread->group_leader;
  return thread->nsproxy == leader->nsproxy
    && thread->real_cred->user_ns == leader->real_cred->user_ns;
}

SEC("iter/task")
int read_task(struct bpf_iter__task *context) {
  struct seq_file *seq = context->meta->seq;
  struct task_struct *task = context->task;
  // The kernel calls the program without a task after the last one.
  if (!task) return write_end(context);

  s32 tid = task->pid;
  s32 tgid = task->tgid;
  struct pid *pid = task->thread_pid;
  // If a thread other than the main one executes a program, it takes the PID and the place of the main thread, which
  // gets the TID of the thread and dies (de_thread of fs/exec.c). The kernel may have found the main thread before, and
  // must find the PID again, or the process would be missing. Any other task that dies is gone when it looks again.
  if (!pid || task->exit_state == EXIT_DEAD) return 1;

  struct nsproxy *proxy = task->nsproxy;
  const struct cred *cred = task->real_cred;
  struct user_namespace *user = cred->user_ns;
  if (tgid != tid && (!proxy || shares_namespaces(task))) return 0;

  struct record record;
  __builtin_memset(&record, 0, sizeof(record));
  u32 flags = task->flags;
  record.task.kind = RECORD_TASK;
  record.task.tid = tid;
  record.task.pid = tgid;
  record.task.parent = task->real_parent->tgid;
  record.task.start = task->start_boottime;
  record.task.uid = cred->euid.val;
  struct css_set *cgroups = task->cgroups;
  record.task.cgroup = cgroups->dfl_cgrp->kn->id;
  record.task.cgroup_set = (u64)cgroups;
  __builtin_memcpy(record.task.comm, task->comm, sizeof(record.task.comm));
  if (flags & PF_EXITING) record.task.flags |= TASK_EXITING;
  if (flags & PF_KTHREAD) record.task.flags |= TASK_KERNEL_THREAD;
  if (!proxy) record.task.flags |= TASK_EXITED;

  u32 level = pid->level;
  u32 is_kthreadd = tid == 2 && flags & PF_KTHREAD;
  if (proxy && proxy == host.namespaces && user == host.user && level == 0 && !is_kthreadd) {
    record.task.flags |= TASK_HOST;
    record.task.bytes = sizeof(record.task);
    bpf_seq_write(seq, &record.task, sizeof(record.task));
    return 0;
  }
  if (proxy) read_proxy(&record, proxy);
  read_user(&record, user);
  read_pids(&record, pid);

  // If the task still has the same nsproxy and credentials, both existed during all reads above, since the task refers
  // to them. Otherwise the kernel may have freed them, and the values may be those of other objects. The kernel then
  // calls the program again for the task.
  __sync_fetch_and_add(&fence, 1);
  if (*(struct nsproxy *volatile *)&task->nsproxy != proxy
      || *(const struct cred *volatile *)&task->real_cred != cred
      || *(struct pid *volatile *)&task->thread_pid != pid || *(volatile s32 *)&task->pid != tid)
    return 1;
  if (is_kthreadd && !host.namespaces) {
    host.user = user;
    host.namespaces = proxy;
  }
  record.task.bytes = sizeof(record);
  bpf_seq_write(seq, &record, sizeof(record));
  return 0;
}

SEC("iter/task")
int read_sharing_thread(struct bpf_iter__task *context) {
  struct task_struct *task = context->task;
  if (!task) return write_end(context);
  s32 tid = task->pid;
  s32 tgid = task->tgid;
  // A thread that has begun to exit counts as gone: the kernel may have reported its exit already.
  u32 is_gone = !task->thread_pid || !task->nsproxy || task->flags & PF_EXITING;
  if (tid == tgid || is_gone || !shares_namespaces(task)) return 0;
  struct record_task record;
  __builtin_memset(&record, 0, sizeof(record));
  record.bytes = sizeof(record);
  record.kind = RECORD_TASK;
  record.flags = TASK_SHARING;
  record.tid = tid;
  record.pid = tgid;
  record.start = task->start_boottime;
  bpf_seq_write(context->meta->seq, &record, sizeof(record));
  return 0;
}
