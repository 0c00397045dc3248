-- Which namespaces had an inode number, in the order in which they ended: of those there can be many,
-- and a question whether one of them may be another looks only at the few around a moment.
CREATE INDEX namespace_number ON namespace (inode, type, last_sample);
-- What was pinned and unpinned between two scans.
CREATE INDEX pin_begun ON pin (from_scan);
-- What a process held open that is removed (record --short-lived none).
CREATE INDEX pin_task ON pin (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX pin_ended ON pin (until_scan) WHERE until_scan IS NOT NULL;
