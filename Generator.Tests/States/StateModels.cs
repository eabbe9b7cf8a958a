using Cameo.Generator.Diagnostics;
using Cameo.Generator.Onnx;
using Cameo.Sessions;
using Cameo.States;
using Cameo.Tests.Compilation;
using Cameo.Tests.Infrastructure;

namespace Cameo.Tests.States;

/// <summary>Small models with states, compiled for a test.</summary>
internal sealed class StateModels : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private int _count;

    public void Dispose() => _folder.Dispose();

    public ModelCompilation Compile(OnnxModelBuilder builder, string? state = null, string? dimensions = null)
    {
        string name = $"State{_count++}";
        string path = _folder.File(name + ".onnx");
        File.WriteAllBytes(path, builder.ToBytes());
        Dictionary<string, string> options = [];
        if (state is not null)
        {
            options[GraphOptions.State] = state;
        }

        if (dimensions is not null)
        {
            options[GraphOptions.Dimensions] = dimensions;
        }

        ModelCompilation compilation = ModelCompilation.Run(name, path, name, _folder.File(name), options);
        if (compilation.HasSources)
        {
            GeneratedAssembly.Build([compilation]);
        }

        return compilation;
    }

    /// <summary>Where the session keeps its states: caches that are appended to, then whole tensors.</summary>
    public static unsafe nint[] Addresses(CompiledSession session) =>
    [
        .. Field<KeyValueBuffer>(session, "_caches").Select(static cache => (nint)cache.Data),
        .. Field<CarriedState>(session, "_carried").Select(static state => (nint)state.Data),
    ];

    /// <summary>Bytes that an action allocates on this thread, once it has run before.</summary>
    public static long Allocations(Action action)
    {
        action();
        return ThreadAllocations.Measure(action);
    }

    public static string[] Misses(ModelCompilation compilation) =>
        [.. compilation.Result!.Diagnostics.Where(static diagnostic => diagnostic.Id == DiagnosticIds.MissedOptimization).Select(static diagnostic => diagnostic.Message)];

    private static T[] Field<T>(CompiledSession session, string name) =>
        (T[]?)session.GetType().GetField(name, System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)?.GetValue(session) ?? [];
}
