// Processes under a test's control: fork, unshare and setns cannot be called from Swift.
#pragma once
#include <stdint.h>

/// Starts a process that obeys one-line orders on a socket: see puppet.c. It begins in new
/// namespaces of the `CLONE_NEW*` flags of clone3(2). Returns its PID and puts the socket into
/// `control`; -1 with errno when it cannot be started.
int32_t ctest_puppet(uint64_t flags, int32_t *control);

/// Starts such a process as a daemon is started: the process that makes the namespaces of `flags` with
/// unshare(2) starts it and exits at once. `keeper` is the process that waits for it, and exits with
/// it. Returns its PID and puts the socket into `control`; -1 when it cannot be started.
int32_t ctest_daemon(uint64_t flags, int32_t *control, int32_t *keeper);

/// Sends one order and waits for its answer: the PID of a child for `f`, the number of a thread for
/// `t`, a descriptor for `k`, else 0. Returns the negative errno of an order that failed, and
/// -EPIPE when the puppet is gone.
int32_t ctest_order(int32_t control, char order, int64_t argument);

/// Reaps a child that has ended. Returns 0, or the negative errno.
int32_t ctest_reap(int32_t pid);

/// Starts a process in new namespaces of `CLONE_NEW*` flags whose maker, and that one's parent, exit at
/// once: nobody can read the namespaces but through it. Returns its PID; it ends after a minute, or when
/// it is killed. Returns the negative errno when it cannot be started.
int32_t ctest_orphan(int32_t flags);

/// Whether a namespace is in being still: 1, 0, or the negative errno where that cannot be asked
/// (open_by_handle_at(2) on nsfs, Linux 6.18). `type` is a `CLONE_NEW*` flag.
int32_t ctest_namespace_exists(uint64_t id, uint32_t type, uint32_t inode);

/// The calling thread, and only that, gives up root for good. Returns 0, or the negative errno.
int32_t ctest_become_nobody(void);

/// Starts a process in a mount namespace of its own, where a FUSE whose server has stopped is
/// mounted at `path`, and `file` on the file "pin" in it. Returns its PID, and that of the server,
/// which end with the caller or when they are killed; or the negative errno.
int32_t ctest_stuck_fuse(const char *path, const char *file, int32_t *server);

/// Whether stat(2) on a path below the root of a process waits for longer than a moment.
int32_t ctest_stat_waits(int32_t pid, const char *path);

/// Starts a process of nobody's that makes namespaces as fast as it can for some milliseconds, in a user
/// namespace of its own, and then waits to be killed. Returns its PID, or the negative errno.
int32_t ctest_hammer(int32_t milliseconds);
