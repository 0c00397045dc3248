// Processes that a test controls. They are written in C because fork, unshare and setns cannot be called from Swift.
#pragma once
#include <stdint.h>

/// Starts a test process: a process that carries out orders, which it reads from a socket (test_process.c lists them).
/// It starts in new namespaces of these `CLONE_NEW*` flags, by clone3(2). Returns its PID and stores the test's end of
/// the socket in `control`. Returns -1 and sets errno when it cannot be started.
int32_t ctest_process(uint64_t flags, int32_t *control);

/// Starts a test process as a daemon starts: another process makes the namespaces of `flags` by unshare(2), starts the
/// test process and exits at once. `reaper` is the PID of the process that adopts the test process, waits for it and
/// exits after it. Returns the PID of the test process and stores the test's end of the socket in `control`; returns -1
/// when it cannot be started.
int32_t ctest_daemon(uint64_t flags, int32_t *control, int32_t *reaper);

/// Sends one order to a test process and waits for the answer: the PID of the child for `f`, the TID for `t`, a
/// descriptor for `k` and `o`, else 0. Returns the negative errno of an order that failed, and -EPIPE when the test
/// process has ended.
int32_t ctest_order(int32_t control, char order, int64_t argument);

/// Reaps a child that has ended. Returns 0, or the negative errno.
int32_t ctest_reap(int32_t pid);

/// Starts a process in new namespaces of these `CLONE_NEW*` flags. The process that made the namespaces exits at
/// once, and so does its parent, so that the namespaces can be read from the started process only. Returns its PID,
/// or the negative errno when it cannot be started. It ends after a minute, or when it is killed.
int32_t ctest_orphan(int32_t flags);

/// Whether a namespace still exists: 1 or 0, or the negative errno where the kernel cannot say (open_by_handle_at(2)
/// on nsfs, Linux 6.18). `type` is a `CLONE_NEW*` flag.
int32_t ctest_namespace_exists(uint64_t id, uint32_t type, uint32_t inode);

/// Drops the root privileges of the calling thread, and of no other thread, for good. Returns 0, or the negative
/// errno.
int32_t ctest_become_nobody(void);

/// Starts a process in a new mount namespace. In it, a FUSE file system whose server is stopped is mounted at `path`,
/// so that every access to it blocks, and `file` is mounted on its file "pin". Returns the PID of the process, or the
/// negative errno; stores the PID of the server in `server`. Both end with the caller or when they are killed.
int32_t ctest_stuck_fuse(const char *path, const char *file, int32_t *server);

/// Whether stat(2) blocks (1) on a path below the root of a process, or returns within 0.3 s (0). Returns the
/// negative errno on failure.
int32_t ctest_stat_waits(int32_t pid, const char *path);

/// Starts a process of the user nobody that makes namespaces in a user namespace of its own as fast as it can for
/// `milliseconds`, and then waits to be killed. Returns its PID, or the negative errno.
int32_t ctest_hammer(int32_t milliseconds);
