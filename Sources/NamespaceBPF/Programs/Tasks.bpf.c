// The programs of the type iter/task, which the kernel runs for each task of the reader's pid namespace, in the order of
// the TIDs, while the reader reads the descriptor of an iterator (Documentation/bpf/bpf_iterators.rst). `read_task`
// writes a record for every process, and for every thread whose namespaces may differ from those of its process.
// `read_sharing_thread` writes a record for every other thread.
//
// The kernel calls the program for a task again if its record found no room in the buffer, or if the program returns 1,
// and drops the bytes of the first call (bpf_seq_read of kernel/bpf/bpf_iter.c). So the program counts nothing, and all
// that it stores from one call to the next is `host`. The second call is for the first task that exists then with the
// same TID or a higher one.
#include "TaskState.h"

char license_text[] SEC("license") = "Dual MIT/GPL";

// linux/sched.h: the kernel is about to remove the task from its lists.
#define EXIT_DEAD 0x10

// Incremented only for the order of memory accesses.
u64 fence;

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
  fill_task(&record.task, task);
  u32 is_kthreadd = tid == 2 && task->flags & PF_KTHREAD;
  if (!is_kthreadd && is_host(task)) {
    record.task.flags |= TASK_HOST;
    bpf_seq_write(seq, &record.task, sizeof(record.task));
    return 0;
  }
  if (proxy) read_proxy(&record.task, &record.namespaces, proxy);
  read_user(&record.namespaces, user);
  read_pids(&record.task, &record.namespaces, pid);

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
