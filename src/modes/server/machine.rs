//! Facts about the machine that several modules of the server need.

/// The number of cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The number of threads that write to listeners: half as many as there are cores. More threads write
/// more often, and less at a time.
pub fn writers() -> usize {
    (cores() / 2).max(1)
}

/// Gives tasks one thread for each core that the writers leave. With more threads than that, one request
/// wakes several to do the work of one.
pub fn size_runtime() {
    let threads = (cores() - writers()).max(1);
    let config = async_global_executor::GlobalExecutorConfig::default()
        .with_min_threads(threads)
        .with_max_threads(threads)
        .with_thread_name_fn(|| "tasks".to_string());
    async_global_executor::init_with_config(config);
}
