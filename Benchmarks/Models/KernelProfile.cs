using System.Diagnostics;
using Cameo.Descriptions;
using Cameo.Sessions;
using Cameo.Tests.Models;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Cameo.Benchmarks.Models;

/// <summary>Where a model's time goes: every kernel's share, and how near its multiply-adds are to the machine's limit.</summary>
internal sealed class KernelProfile : CSharpSyntaxRewriter
{
    private const int Runs = 15;

    /// <summary>Prints a row for each kernel of a model.</summary>
    public static void Run(ModelWork work, int threads) => Run(work.Name, work.Path, "", threads, model =>
    {
        CompiledSession session = model.CreateSession(new SessionOptions { Threads = threads });
        return (session, new BoundRun(session, work.MakeInputs(model)).Run);
    });

    /// <summary>Prints a row for each kernel of a model.</summary>
    /// <param name="name">What the output calls it.</param>
    /// <param name="path">The <c>.onnx</c> file.</param>
    /// <param name="dimensions">Bounds of dimensions.</param>
    /// <param name="threads">Threads of the session.</param>
    /// <param name="prepare">Makes a session of the model and a run of it.</param>
    public static void Run(string name, string path, string dimensions, int threads, Func<CompiledModel, (IDisposable Session, Action Run)> prepare)
    {
        using CompiledModel model = OnnxCompiler.Build(path, dimensions, static tree => tree.WithRootAndOptions(new KernelProfile().Visit(tree.GetRoot()), tree.Options)).Load();
        (IDisposable session, Action run) = prepare(model);
        using (session)
        {
            run();
            run();
            double limit = Limit();
            KernelClock.Reset();
            for (int count = 0; count < Runs; count++)
            {
                run();
            }

            Print(name, model, limit, threads);
        }
    }

    /// <summary>Puts a clock around each kernel's call.</summary>
    public override SyntaxNode? VisitExpressionStatement(ExpressionStatementSyntax node)
    {
        bool isKernel = node.Expression is InvocationExpressionSyntax { Expression: IdentifierNameSyntax }
            && node.FirstAncestorOrSelf<MethodDeclarationSyntax>() is { } method && method.Identifier.Text.StartsWith("Stage", StringComparison.Ordinal);
        if (!isKernel)
        {
            return base.VisitExpressionStatement(node);
        }

        string name = ((IdentifierNameSyntax)((InvocationExpressionSyntax)node.Expression).Expression).Identifier.Text;
        return SyntaxFactory.ParseStatement($"{{ {typeof(KernelClock).FullName}.Start(); {node.Expression}; {typeof(KernelClock).FullName}.Stop(\"{name}\"); }}");
    }

    /// <summary>Multiply-adds a second of one thread that does nothing else, the fastest of a few tries.</summary>
    private static double Limit()
    {
        var peak = new MultiplyAddPeak { Steps = 100_000 };
        double fastest = double.MaxValue;
        for (int count = 0; count < 20; count++)
        {
            long start = Stopwatch.GetTimestamp();
            peak.Run(0, 1);
            fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return peak.MultiplyAdds / fastest;
    }

    private static void Print(string title, CompiledModel model, double limit, int threads)
    {
        Dictionary<string, KernelDescription> kernels = model.Details.Kernels.ToDictionary(static kernel => kernel.Name, StringComparer.Ordinal);
        double total = KernelClock.Names.Sum(static name => KernelClock.Seconds(name, Runs));
        Console.WriteLine($"{title}, {threads} thread(s): {total * 1e3:F3} ms; limit {limit / 1e9:F1} billion multiply-adds a second and thread");
        foreach (string name in KernelClock.Names)
        {
            double seconds = KernelClock.Seconds(name, Runs);
            KernelDescription? kernel = kernels.GetValueOrDefault(name);
            double multiplyAdds = (kernel?.MultiplyAdds ?? 0) * (double)(kernel?.Repetitions ?? 1);
            string share = multiplyAdds > 0 ? $"{multiplyAdds / 1e6,9:F2} M {multiplyAdds / seconds / limit / threads,5:P0}" : $"{"",17}";
            Console.WriteLine($"{seconds * 1e3,9:F3} ms {seconds / total,6:P1} {share} {kernel?.Kind,-12} {name} {kernel?.Nodes.FirstOrDefault()}");
        }
    }
}
