-- Which namespaces had an inode number, in the order in which they ended: of those there can be many,
-- and a question whether one of them may be another looks only at the few around a moment.
CREATE INDEX namespace_number ON namespace (inode, type, last_sample);
