using Cameo.Benchmarks.LanguageModels.Spellings;
using Cameo.Benchmarks.Models;
using Cameo.Benchmarks.Reports;
using Cameo.Benchmarks.Suite;
using Cameo.Threading;

namespace Cameo.Benchmarks.LanguageModels;

/// <summary>Prefill and decode of one language model in all engines.</summary>
internal sealed class LanguageModelGroup(LlamaFiles files, MachineLimits limits, bool isExtra = false) : WorkGroup
{
    private const int Chunk = 512;

    // Random weights, as trained ones, spread an error over the logits; kernels sum in different orders.
    private const double Float32Tolerance = 2e-3;

    // Activations rounded to 8 bits, by each engine in blocks of its own choice; llama.cpp keeps its caches in float16.
    private const double NarrowTolerance = 0.1;

    private static readonly int[] Sizes = [128, 512];
    private static readonly int[] Contexts = [128, 1024];

    public override string Section => "language models";

    public override IReadOnlyList<string> Rows => isExtra ? [] : Names;

    public override IReadOnlyList<string> MoreRows => isExtra ? Names : [];

    private string[] Names => [.. Sizes.Select(size => $"prefill-{files.Name}-{size}"), .. Contexts.Select(context => $"decode-{files.Name}-{context}")];

    private LlamaConfiguration Shape => files.Shape;

    public override IEnumerable<Measurement> Measure(IReadOnlyList<string> rows, int threads)
    {
        var spelling = new ContribSpelling();
        BuiltModel built = OnnxCompiler.Build(files.Onnx(spelling), spelling.Dimensions);
        Progress.Say($"loading {files.Name}, {threads} thread(s)");
        LanguageEngine[] engines = [new CameoEngine(built.Load(), threads), new OnnxRuntimeEngine(files.Onnx(spelling), Shape, threads), new LlamaCppEngine(files.Gguf(), Shape, threads)];
        try
        {
            var workers = new Workers(threads);
            foreach (string row in rows)
            {
                Progress.Say($"{row}, {threads} thread(s)");
                int index = Array.IndexOf(Names, row);
                yield return index < Sizes.Length
                    ? Prefill(engines, row, Sizes[index], threads, workers)
                    : Decode(engines, row, Contexts[index - Sizes.Length], threads, workers);
            }
        }
        finally
        {
            foreach (LanguageEngine engine in engines)
            {
                engine.Dispose();
            }
        }
    }

    /// <summary>Tokens that are the same in every run.</summary>
    public static int[] Tokens(int count, int vocabulary)
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(3, vocabulary))];
    }

    /// <summary>Prints how long each kernel of our model takes in a row's run.</summary>
    public void Profile(string row, int threads)
    {
        var spelling = new ContribSpelling();
        int index = Array.IndexOf(Names, row);
        (int past, int count) = index < Sizes.Length ? (0, Sizes[index]) : (Contexts[index - Sizes.Length], 1);
        int[] text = Tokens(past + count, Shape.Vocabulary);
        KernelProfile.Run(row, files.Onnx(spelling), spelling.Dimensions, threads, model =>
        {
            var engine = new CameoEngine(model, threads);
            Fill(engine, text, past);
            return (engine, () => engine.Feed(text.AsSpan(past), past));
        });
    }

    /// <summary>Puts the first tokens of a text into the cache.</summary>
    private static void Fill(LanguageEngine engine, int[] text, int count)
    {
        for (int past = 0; past < count; past += Chunk)
        {
            engine.Feed(text.AsSpan(past, Math.Min(Chunk, count - past)), past);
        }
    }

    private Measurement Prefill(LanguageEngine[] engines, string name, int size, int threads, Workers workers)
    {
        int[] prompt = Tokens(size, Shape.Vocabulary);
        double difference = Compare(name, engines, engine => engine.Feed(prompt, past: 0));
        double products = ((double)size * Shape.LayerMultiplyAdds) + Shape.HeadMultiplyAdds + AttentionMultiplyAdds(size);
        MultiplyAddKind kind = files.FourBits ? MultiplyAddKind.Bytes : MultiplyAddKind.Floats;
        var row = new Measurement
        {
            Section = Section, Name = name, Threads = threads, Unit = "tok/s", Work = size, Engines = [], Difference = difference,
            Goal = new Goal(Ratio: 1.2, Against: files.FourBits ? null : "ONNX Runtime"),
        };
        return Race.Run(row, [.. engines.Select(engine => (engine.Name, (Action)(() => engine.Feed(prompt, past: 0))))], MachineLimits.MultiplyAdds(workers, threads, kind, products));
    }

    private Measurement Decode(LanguageEngine[] engines, string name, int context, int threads, Workers workers)
    {
        int[] text = Tokens(context + 1, Shape.Vocabulary);
        int[] token = text[context..];
        foreach (LanguageEngine engine in engines)
        {
            Fill(engine, text, context);
        }

        double difference = Compare(name, engines, engine => engine.Feed(token, context));
        double bytes = files.BytesPerToken + (2.0 * context * Shape.KeyValueSize * Shape.Layers * sizeof(float));
        var row = new Measurement
        {
            Section = Section, Name = name, Threads = threads, Unit = "tok/s", Engines = [], Difference = difference,
            Goal = files.FourBits ? new Goal(Ratio: threads == 1 ? 1.4 : 1.2) : new Goal(Ratio: 1.2, Share: 0.92, Against: "ONNX Runtime"),
        };
        return Race.Run(row, [.. engines.Select(engine => (engine.Name, (Action)(() => engine.Feed(token, context))))], limits.Reading(workers, threads, bytes));
    }

    private double AttentionMultiplyAdds(int size) => 2.0 * Shape.Layers * Shape.QuerySize * size * (size + 1) / 2;

    /// <summary>Runs all engines and compares our logits with each peer's.</summary>
    private double Compare(string name, LanguageEngine[] engines, Action<LanguageEngine> run)
    {
        double difference = 0;
        foreach (LanguageEngine engine in engines)
        {
            run(engine);
        }

        float[] ours = engines[0].Logits();
        foreach (LanguageEngine peer in engines.Skip(1))
        {
            double tolerance = files.FourBits || peer is LlamaCppEngine ? NarrowTolerance : Float32Tolerance;
            double found = Comparison.Check($"{name}, against {peer.Name}", ours, peer.Logits(), tolerance);
            Progress.Say($"{name}: logits differ from {peer.Name}'s by {found:P3} of the largest");
            difference = Math.Max(difference, found);
        }

        return difference;
    }
}
