// Reports the start, the exec and the exit of every task: programs of the type tp_btf, which the kernel runs at its
// tracepoints (Documentation/trace/tracepoints.rst). Each writes a record into a ring, from which a reader takes it.
//
// The verifier refuses an object as a whole. So the program that needs a trampoline (fentry), which some kernels
// refuse, is loaded only if the reader asks for it.
#include "TaskState.h"

char license_text[] SEC("license") = "Dual MIT/GPL";

// The reader sets the size before it loads the programs.
struct {
  int (*type)[27];  // BPF_MAP_TYPE_RINGBUF
  int (*max_entries)[1 << 22];
} ring SEC(".maps");

// The records that found no room in the ring. The reader stores in `acknowledged` the count that it has read.
struct record_losses losses SEC(".data.losses");

// Wakes the reader only when a quarter of the ring is full: a wakeup costs many times as much as a record.
static ALWAYS_INLINE u64 wakeup(void) {
  u64 used = bpf_ringbuf_query(&ring, 0 /* BPF_RB_AVAIL_DATA */);
  u64 size = bpf_ringbuf_query(&ring, 1 /* BPF_RB_RING_SIZE */);
  return used >= size / 4 ? 2 /* BPF_RB_FORCE_WAKEUP */ : 1 /* BPF_RB_NO_WAKEUP */;
}

static ALWAYS_INLINE void lose(u64 time) {
  if (__sync_fetch_and_add(&losses.count, 1) == losses.acknowledged) losses.first = time;
  losses.last = time;
}

static ALWAYS_INLINE void fill(
  struct record_event *event, struct task_struct *task, u32 kind, s32 maker_tid, s32 maker_pid, u64 time
) {
  event->kind = kind;
  event->maker_tid = maker_tid;
  event->maker_pid = maker_pid;
  event->time = time;
  fill_task(&event->task, task);
}

// Writes a record of a task that nobody but the current task can change at this moment: the task is the current one, or
// does not run yet. So the reads cannot meet a change.
static ALWAYS_INLINE int report(struct task_struct *task, u32 kind, s32 maker_tid, s32 maker_pid) {
  u64 time = bpf_ktime_get_boot_ns();
  struct pid *pid = task->thread_pid;
  struct nsproxy *proxy = task->nsproxy;
  // The idle task of a processor has no PID.
  if (!pid || !proxy || !task->pid) return 0;
  if (is_host(task)) {
    struct record_event *event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);
    if (!event) {
      lose(time);
      return 0;
    }
    fill(event, task, kind, maker_tid, maker_pid, time);
    event->task.flags |= TASK_HOST;
    event->bytes = sizeof(*event);
    bpf_ringbuf_submit(event, wakeup());
    return 0;
  }
  struct {
    struct record_event event;
    struct record_namespaces namespaces;
  } *whole = bpf_ringbuf_reserve(&ring, sizeof(*whole), 0);
  if (!whole) {
    lose(time);
    return 0;
  }
  fill(&whole->event, task, kind, maker_tid, maker_pid, time);
  read_proxy(&whole->event.task, &whole->namespaces, proxy);
  read_user(&whole->namespaces, task->real_cred->user_ns);
  read_pids(&whole->event.task, &whole->namespaces, pid);
  whole->event.bytes = sizeof(*whole);
  bpf_ringbuf_submit(whole, wakeup());
  return 0;
}

// The kernel calls the function at the end of unshare(2) and setns(2), when the namespaces and the credentials are in
// place, and when a task starts, then not for the current task.
//
// The program is the first one, so that a kernel that refuses it does so before the verifier has read all the others.
SEC("?fentry/perf_event_namespaces")
int report_move(u64 *arguments) {
  struct task_struct *task = (struct task_struct *)arguments[0];
  if ((u32)bpf_get_current_pid_tgid() != (u32)task->pid) return 0;
  return report(task, RECORD_MOVE, 0, 0);
}

// The kernel runs this for every new process and thread, before it runs for the first time (copy_process of
// kernel/fork.c).
SEC("tp_btf/task_newtask")
int report_start(u64 *arguments) {
  u64 maker = bpf_get_current_pid_tgid();
  return report((struct task_struct *)arguments[0], RECORD_START, (u32)maker, maker >> 32);
}

// An exec enters the time namespace for children, and the state before it cannot be read afterwards
// (exec_task_namespaces of kernel/nsproxy.c).
SEC("tp_btf/sched_prepare_exec")
int report_before_exec(u64 *arguments) {
  struct task_struct *task = (struct task_struct *)arguments[0];
  struct nsproxy *proxy = task->nsproxy;
  if (!proxy || proxy->time_ns == proxy->time_ns_for_children) return 0;
  return report(task, RECORD_STATE, 0, 0);
}

// The task has the name, the user and the namespaces that it has with its new program.
SEC("tp_btf/sched_process_exec")
int report_exec(u64 *arguments) {
  return report((struct task_struct *)arguments[0], RECORD_EXEC, (s32)arguments[1], 0);
}

// The task still has its namespaces (do_exit of kernel/exit.c).
SEC("tp_btf/sched_process_exit")
int report_exit(u64 *arguments) {
  return report((struct task_struct *)arguments[0], RECORD_EXIT, 0, 0);
}

// Finds the namespaces of kthreadd. The reader runs it once.
SEC("iter/task")
int find_host(struct bpf_iter__task *context) {
  struct task_struct *task = context->task;
  if (!task || task->pid != 2 || !(task->flags & PF_KTHREAD)) return 0;
  host.user = task->real_cred->user_ns;
  host.namespaces = task->nsproxy;
  return 0;
}
