// The floor of a question, which is the least that it can cost: reads one row of a history by its row number, through
// the C API of SQLite.
//
//   row FILE
#include <sqlite3.h>
#include <stdio.h>

int main(int argc, char **argv) {
  sqlite3 *file;
  sqlite3_stmt *statement;
  if (argc < 2) return 64;
  if (sqlite3_open_v2(argv[1], &file, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK
      || sqlite3_prepare_v2(
           file,
           "SELECT pid, comm FROM task WHERE task_id = (SELECT MAX(task_id) / 2 FROM task)", -1,
           &statement, NULL) != SQLITE_OK
      || sqlite3_step(statement) != SQLITE_ROW)
    return fprintf(stderr, "%s: %s\n", argv[1], sqlite3_errmsg(file)), 1;
  printf("%d %s\n", sqlite3_column_int(statement, 0), sqlite3_column_text(statement, 1));
  sqlite3_finalize(statement);
  sqlite3_close(file);
  return 0;
}
