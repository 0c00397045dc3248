// Processes under a test's control: fork, unshare and setns cannot be called from Swift.
#pragma once
#include <stdint.h>

/// Starts a process that obeys one-line orders on a socket: see puppet.c. It begins in new
/// namespaces of the `CLONE_NEW*` flags of clone3(2). Returns its PID and puts the socket into
/// `control`; -1 with errno when it cannot be started.
int32_t ctest_puppet(uint64_t flags, int32_t *control);

/// Sends one order and waits for its answer: the PID of a child for `f`, the number of a thread for
/// `t`, else 0. Returns the negative errno of an order that failed, and -EPIPE when the puppet is
/// gone.
int32_t ctest_order(int32_t control, char order, int64_t argument);

/// Reaps a child that has ended. Returns 0, or the negative errno.
int32_t ctest_reap(int32_t pid);
