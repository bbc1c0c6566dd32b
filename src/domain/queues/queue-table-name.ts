/** The table that holds the rows of all queues' records, beside the catalog's own table. */
export function queueRowsTableOf(catalogTable: string): string {
  return `${catalogTable}.queue-records`;
}
