/** How the embedded server is set: many short transactions on a small machine, nothing given up of durability. */
export interface ServerSettings {
  readonly port: number;
  /** False only in tests that do not test durability. */
  readonly fsync: boolean;
}

/** Command-line settings of the server: they win over postgresql.conf, so a new version of ours applies to old folders. */
export function serverArguments(data_directory: string, settings: ServerSettings): string[] {
  const values: Record<string, string> = {
    port: String(settings.port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: settings.fsync ? 'on' : 'off',
    full_page_writes: settings.fsync ? 'on' : 'off',
    synchronous_commit: settings.fsync ? 'on' : 'off',
    max_connections: '100',
    shared_buffers: settings.fsync ? '256MB' : '128MB',
    effective_cache_size: '1GB',
    work_mem: '8MB',
    maintenance_work_mem: '64MB',
    wal_compression: 'on',
    wal_level: 'replica',
    max_wal_size: '2GB',
    min_wal_size: '256MB',
    checkpoint_timeout: '15min',
    checkpoint_completion_target: '0.9',
    random_page_cost: '1.1',
    // Parallel queries and just-in-time compilation only delay others when there are two cores.
    max_parallel_workers_per_gather: '0',
    jit: 'off',
    io_method: 'sync',
    // Jobs and nonces come and go: vacuum at 5 % dead rows instead of 20 %.
    autovacuum_vacuum_scale_factor: '0.05',
    autovacuum_analyze_scale_factor: '0.05',
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_destination: 'stderr',
    logging_collector: 'off',
    log_min_messages: 'warning',
    log_checkpoints: 'off',
    // Statements carry bound values that may be personal data; our own log says what failed.
    log_min_error_statement: 'panic',
    log_parameter_max_length_on_error: '0',
    lc_messages: 'C',
  };
  return ['-D', data_directory, ...Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}
