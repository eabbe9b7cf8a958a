using Cameo.Benchmarks.Peers;
using Cameo.Fuzzing.Models;
using Cameo.Generator.Onnx.Proto;
using Cameo.Tests.Infrastructure;
using Google.Protobuf;

namespace Cameo.Fuzzing.Oracle;

/// <summary>
/// Evaluates models with ONNX Runtime step by step, each step in a session of its own without optimisations: what operators mean, whatever stands around them. The sessions
/// stay for further runs.
/// </summary>
internal sealed class Reference(FuzzModel model) : IDisposable
{
    /// <summary>Is told the operator of each step before it is evaluated: the reference takes its process down now and then.</summary>
    public static Action<string>? Watch { get; set; }

    private readonly Dictionary<FuzzStep, OnnxRuntimeSession> _sessions = new(ReferenceEqualityComparer.Instance);

    /// <summary>The step's outputs, by name.</summary>
    /// <exception cref="InvalidOperationException">ONNX Runtime refuses it.</exception>
    public Dictionary<string, OnnxRuntimeTensor> Run(FuzzStep step, IReadOnlyDictionary<string, OnnxRuntimeTensor> values)
    {
        Watch?.Invoke(step.Nodes[^1].OpType);
        if (!_sessions.TryGetValue(step, out OnnxRuntimeSession? session))
        {
            session = new OnnxRuntimeSession(ToModel(step, values), threads: 1, OnnxRuntimeApi.NoOptimizations);
            _sessions.Add(step, session);
        }

        return session.Run(values);
    }

    /// <summary>All values of a run, by name; rounding errors are imitated where there is a source of them.</summary>
    public Dictionary<string, OnnxRuntimeTensor> RunAll(IReadOnlyDictionary<string, OnnxRuntimeTensor> inputs, Noise? noise)
    {
        Dictionary<string, OnnxRuntimeTensor> values = new(inputs, StringComparer.Ordinal);
        foreach (FuzzStep step in model.Steps)
        {
            Noise? own = step.Nodes.All(ExactOperators.Contains) ? null : noise;
            Dictionary<string, OnnxRuntimeTensor> read = step.Inputs.Where(name => !model.Initializers.ContainsKey(name)).ToDictionary(
                static name => name, name => own is null ? values[name] : own.Disturb(values[name]), StringComparer.Ordinal);
            foreach ((string name, OnnxRuntimeTensor value) in Run(step, read))
            {
                values[name] = own is null ? value : own.Disturb(value);
            }
        }

        return values;
    }

    public void Dispose()
    {
        foreach (OnnxRuntimeSession session in _sessions.Values)
        {
            session.Dispose();
        }
    }

    private byte[] ToModel(FuzzStep step, IReadOnlyDictionary<string, OnnxRuntimeTensor> values)
    {
        var graph = new GraphProto { Name = "step" };
        foreach (string name in step.Inputs)
        {
            if (model.Initializers.TryGetValue(name, out TensorProto? constant))
            {
                graph.Initializer.Add(constant);
                continue;
            }

            OnnxRuntimeTensor value = values[name];
            // Open sizes, since data decide on some.
            graph.Input.Add(OnnxParts.Describe(name, value.ElementType, new object?[value.Shape.Length]));
        }

        graph.Node.Add(step.Nodes);
        graph.Output.Add(step.Outputs.Select(static name => new ValueInfoProto { Name = name }));
        return FuzzModel.Wrap(graph, model.Opset, step.Functions).ToByteArray();
    }
}
