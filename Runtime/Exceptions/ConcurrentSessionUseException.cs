namespace Cameo;

/// <summary>
/// A session was used while a run of it was under way: by a second thread, or from inside the run. The run under way is not disturbed.
/// Give each thread a session of its own; they share the model's weights.
/// </summary>
/// <param name="model">Name of the model.</param>
public sealed class ConcurrentSessionUseException(string model)
    : InvalidOperationException($"This session of '{model}' is already running on another thread. Create one session per thread; they share the weights.");
