// The kernel's structures that the programs read, with only the members that they read. The layout here is not the
// kernel's: `preserve_access_index` makes the compiler record every access by name, and libbpf replaces the offsets by
// those of the running kernel, which its BTF gives (Documentation/bpf/libbpf/libbpf_overview.rst, "BPF CO-RE").
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;

#define SEC(NAME) __attribute__((section(NAME), used))
#define ALWAYS_INLINE inline __attribute__((always_inline))

// Whether the running kernel's structure has a member: 1 or 0, a constant when the program is loaded.
#define HAS_FIELD(FIELD) __builtin_preserve_field_info(FIELD, 2 /* BPF_FIELD_EXISTS */)
// The size in bytes of a member of the running kernel's structure; 0 for a flexible array.
#define FIELD_BYTES(FIELD) __builtin_preserve_field_info(FIELD, 1 /* BPF_FIELD_BYTE_SIZE */)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

// linux/ns_common.h. `ns_id` is the id that NS_GET_ID of ioctl_nsfs(2) returns (Linux 6.18).
struct ns_common {
  u32 inum;
};
struct ns_common___with_id {
  u64 ns_id;
};

struct task_struct;
struct uts_namespace {
  struct ns_common ns;
};
struct ipc_namespace {
  struct ns_common ns;
};
struct mnt_namespace {
  struct ns_common ns;
};
struct net {
  struct ns_common ns;
};
struct time_namespace {
  struct ns_common ns;
};
struct cgroup_namespace {
  struct ns_common ns;
};
struct user_namespace {
  struct ns_common ns;
};
struct pid_namespace {
  struct ns_common ns;
  // The init process of the namespace; NULL before its first process.
  struct task_struct *child_reaper;
};

// linux/nsproxy.h
struct nsproxy {
  struct uts_namespace *uts_ns;
  struct ipc_namespace *ipc_ns;
  struct mnt_namespace *mnt_ns;
  struct pid_namespace *pid_ns_for_children;
  struct net *net_ns;
  struct time_namespace *time_ns;
  struct time_namespace *time_ns_for_children;
  struct cgroup_namespace *cgroup_ns;
};

// linux/pid.h. `numbers` is a flexible array since Linux 6.5, and has one element before.
struct upid {
  s32 nr;
  struct pid_namespace *ns;
};
struct pid {
  u32 level;
  struct upid numbers[];
};

// linux/cred.h
typedef struct {
  u32 val;
} kuid_t;
struct cred {
  kuid_t euid;
  struct user_namespace *user_ns;
};

// linux/cgroup-defs.h, linux/kernfs.h
struct kernfs_node {
  u64 id;
};
struct cgroup {
  struct kernfs_node *kn;
};
struct css_set {
  struct cgroup *dfl_cgrp;
};

// linux/sched.h
struct task_struct {
  u32 flags;
  s32 exit_state;
  s32 pid;
  s32 tgid;
  u64 start_boottime;
  u64 self_exec_id;
  char comm[16];
  struct task_struct *real_parent;
  struct task_struct *group_leader;
  struct pid *thread_pid;
  const struct cred *real_cred;
  struct nsproxy *nsproxy;
  struct css_set *cgroups;
};

// linux/bpf.h: the context of a program of the type iter/task.
struct seq_file;
struct bpf_iter_meta {
  struct seq_file *seq;
  u64 session_id;
  u64 seq_num;
};
struct bpf_iter__task {
  struct bpf_iter_meta *meta;
  struct task_struct *task;
};

#pragma clang attribute pop

// The helper functions, by their numbers in enum bpf_func_id of linux/bpf.h (bpf-helpers(7)).
static long (*const bpf_seq_write)(struct seq_file *seq, const void *data, u32 bytes) = (void *)127;
static u64 (*const bpf_get_current_pid_tgid)(void) = (void *)14;
static u64 (*const bpf_ktime_get_boot_ns)(void) = (void *)125;
static void *(*const bpf_ringbuf_reserve)(void *ring, u64 size, u64 flags) = (void *)131;
static void (*const bpf_ringbuf_submit)(void *data, u64 flags) = (void *)132;
static u64 (*const bpf_ringbuf_query)(void *ring, u64 flags) = (void *)134;
