using Cameo.Sessions;
using Cameo.Tests.Models;

namespace Cameo.Benchmarks.LanguageModels;

/// <summary>Cameo with a compiled model whose caches are states of the session.</summary>
internal sealed class CameoEngine : LanguageEngine
{
    private readonly CompiledModel _model;
    private readonly CompiledSession _session;
    private readonly Dictionary<(int Past, int Count), Bound> _bound = [];
    private Bound? _last;

    public CameoEngine(CompiledModel model, int threads)
        : base("Cameo")
    {
        _model = model;
        _session = model.CreateSession(new SessionOptions { Threads = threads });
        if (model.Description.States.Length == 0)
        {
            throw new InvalidOperationException($"{model}: the caches did not become states of the session.");
        }
    }

    public override void Prepare(int past, int count)
    {
        if (!_bound.ContainsKey((past, count)))
        {
            _bound.Add((past, count), new Bound(_session, past, count));
        }
    }

    public override void Feed(ReadOnlySpan<int> tokens, int past)
    {
        Prepare(past, tokens.Length);
        _session.Rewind(past);
        _last = _bound[(past, tokens.Length)];
        _last.Run(tokens);
    }

    public override float[] Logits()
    {
        Tensor logits = _last!.Logits();
        return logits.AsSpan<float>()[^(int)logits.Shape[^1]..].ToArray();
    }

    public override void Dispose()
    {
        foreach (Bound bound in _bound.Values)
        {
            bound.Dispose();
        }

        _session.Dispose();
        _model.Dispose();
    }

    /// <summary>Inputs of one size.</summary>
    private sealed class Bound : IDisposable
    {
        private readonly BoundRun _run;
        private readonly int _tokenInput;
        private readonly int _logits;

        public Bound(CompiledSession session, int past, int count)
        {
            var inputs = session.Description.Inputs;
            _run = new BoundRun(session, inputs.ToDictionary(static input => input.Name, input => Make(input.Name, past, count), StringComparer.Ordinal));
            _tokenInput = Array.FindIndex(inputs, static input => input.Name == "input_ids");
            _logits = Array.FindIndex(session.Description.Outputs, static output => output.Name == "logits");
        }

        public void Run(ReadOnlySpan<int> tokens)
        {
            Span<long> given = _run.Input<long>(_tokenInput);
            for (int index = 0; index < tokens.Length; index++)
            {
                given[index] = tokens[index];
            }

            _run.Run();
        }

        public Tensor Logits() => _run.Output(_logits);

        public void Dispose() => _run.Dispose();

        private static Tensor Make(string name, int past, int count) => name switch
        {
            "input_ids" => Tensor.Create(new long[count], [1, count]),
            "attention_mask" => Tensor.Create([.. Enumerable.Repeat(1L, past + count)], [1, past + count]),
            "position_ids" => Tensor.Create([.. Enumerable.Range(past, count).Select(static position => (long)position)], [1, count]),
            "write_indices" => Tensor.Create(new long[] { past }, [1]),
            _ => throw new NotSupportedException($"Nothing is known of the input '{name}'."),
        };
    }
}
