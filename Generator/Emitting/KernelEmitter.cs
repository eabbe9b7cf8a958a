using System.Globalization;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Emitting;

/// <summary>Writes the files with the kernels: a method each, with its structs in the same file.</summary>
internal static class KernelEmitter
{
    /// <summary>Kernels of one file: some thousand lines, which editors and readers still take.</summary>
    private const int KernelsPerFile = 40;

    public static IEnumerable<GeneratedSource> Emit(EmissionModel model, CancellationToken cancellationToken)
    {
        for (int first = 0, part = 0; first < model.Lowered.Kernels.Count; first += KernelsPerFile, part++)
        {
            int end = Math.Min(first + KernelsPerFile, model.Lowered.Kernels.Count);
            yield return File(model, $"Kernels{(part == 0 ? "" : (part + 1).ToString(CultureInfo.InvariantCulture))}", true, [.. model.Lowered.Kernels.Skip(first).Take(end - first)],
                [.. model.KernelNames.Skip(first).Take(end - first)], first, cancellationToken);
        }

        if (model.Lowered.LoadKernels.Count > 0)
        {
            yield return File(model, "Prepare", false, model.Lowered.LoadKernels, model.LoadKernelNames, 0, cancellationToken);
        }
    }

    private static GeneratedSource File(EmissionModel model, string part, bool inSession, IReadOnlyList<Kernel> kernels, IReadOnlyList<string> names, int first, CancellationToken cancellationToken)
    {
        var code = new CodeWriter();
        var helpers = new List<Action<CodeWriter>>();
        FileHeader.Write(code, $"Kernels of {model.ClassName}{(inSession ? "" : " that run once at load")}.");
        code.Line($"namespace {model.Namespace};");
        code.Line();
        using (code.Block($"public sealed unsafe partial class {model.ClassName}"))
        {
            if (inSession)
            {
                using (code.Block("public sealed unsafe partial class Session"))
                {
                    Methods(model, code, kernels, names, first, "", helpers, cancellationToken);
                }
            }
            else
            {
                Methods(model, code, kernels, names, first, "Workers Workers", helpers, cancellationToken);
            }
        }

        foreach (Action<CodeWriter> helper in helpers)
        {
            code.Line();
            helper(code);
        }

        return new GeneratedSource($"{model.Namespace}.{model.ClassName}.{part}.g.cs", code.ToString());
    }

    private static void Methods(EmissionModel model, CodeWriter code, IReadOnlyList<Kernel> kernels, IReadOnlyList<string> names, int first, string parameters,
        List<Action<CodeWriter>> helpers, CancellationToken cancellationToken)
    {
        for (int index = 0; index < kernels.Count; index++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Kernel kernel = kernels[index];
            var writer = new ModelKernelWriter(model, names[index]);
            try
            {
                kernel.Emit(writer);
            }
            catch (NotSupportedException exception)
            {
                throw ModelException.Unsupported(kernel.Node, exception.Message);
            }

            if (index > 0)
            {
                code.Line();
            }

            Describe(code, kernel, first + index);
            using (code.Block($"private void {names[index]}({parameters})"))
            {
                code.Line(writer.Body.TrimEnd('\n'));
            }

            helpers.AddRange(writer.Helpers);
        }
    }

    private static void Describe(CodeWriter code, Kernel kernel, int index)
    {
        code.Line($"// Kernel {index}, {kernel.Kind}{(kernel.Summary.Length > 0 ? ": " + CSharpText.Comment(kernel.Summary) : "")}.");
        foreach (string node in kernel.Nodes)
        {
            code.Line($"//   does {CSharpText.Comment(node)}");
        }

        foreach (View view in kernel.Reads)
        {
            code.Line($"//   reads {CSharpText.Comment($"{view.Buffer.Name} {view.ElementType.OnnxName()}{view.Shape}")} ({view.Buffer.Kind.ToString().ToLowerInvariant()})");
        }

        foreach (View view in kernel.Writes)
        {
            code.Line($"//   writes {CSharpText.Comment($"{view.Buffer.Name} {view.ElementType.OnnxName()}{view.Shape}")}");
        }
    }
}
