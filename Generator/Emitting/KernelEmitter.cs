using System.Globalization;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Outlining;

namespace Cameo.Generator.Emitting;

/// <summary>Writes the files with the kernels: a method each, with its structs in the same file. Kernels of repeated blocks have one method for all repetitions.</summary>
internal static class KernelEmitter
{
    /// <summary>Methods of one file: some thousand lines, which editors and readers still take.</summary>
    private const int MethodsPerFile = 40;

    public static IEnumerable<GeneratedSource> Emit(EmissionModel model, CancellationToken cancellationToken)
    {
        IReadOnlyList<CallSite> sites = model.Schedule.Sites;
        for (int first = 0, part = 0; first < sites.Count; first += MethodsPerFile, part++)
        {
            yield return File(model, $"Kernels{(part == 0 ? "" : (part + 1).ToString(CultureInfo.InvariantCulture))}", model.Schedule, [.. sites.Skip(first).Take(MethodsPerFile)], cancellationToken);
        }

        if (model.LoadSchedule.Sites.Count > 0)
        {
            yield return File(model, "Prepare", model.LoadSchedule, model.LoadSchedule.Sites, cancellationToken);
        }
    }

    private static GeneratedSource File(EmissionModel model, string part, KernelSchedule schedule, IReadOnlyList<CallSite> sites, CancellationToken cancellationToken)
    {
        bool inSession = schedule == model.Schedule;
        var code = new CodeWriter();
        var helpers = new List<string>();
        FileHeader.Write(code, $"Kernels of {model.ClassName}{(inSession ? "" : " that run once at load")}.");
        code.Line($"namespace {model.Namespace};");
        code.Line();
        using (code.Block($"public sealed unsafe partial class {model.ClassName}"))
        {
            if (inSession)
            {
                using (code.Block("public sealed unsafe partial class Session"))
                {
                    Methods(model, code, schedule, sites, "", part, helpers, cancellationToken);
                }
            }
            else
            {
                Methods(model, code, schedule, sites, "Workers Workers", part, helpers, cancellationToken);
            }
        }

        foreach (string helper in helpers)
        {
            code.Line();
            code.Line(helper);
        }

        return new GeneratedSource($"{model.Namespace}.{model.ClassName}.{part}.g.cs", code.ToString());
    }

    private static void Methods(EmissionModel model, CodeWriter code, KernelSchedule schedule, IReadOnlyList<CallSite> sites, string parameters, string part, List<string> helpers,
        CancellationToken cancellationToken)
    {
        // Kernels with the same structs share those of the first.
        var helperNames = new Dictionary<string, string>(StringComparer.Ordinal);
        var table = new OffsetTable($"{part}Offsets");
        for (int index = 0; index < sites.Count; index++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            CallSite site = sites[index];
            KernelTemplate template = site.Template;
            string name = model.Method(site);
            if (!helperNames.TryGetValue(template.HelperKey, out string? helperName))
            {
                helperNames[template.HelperKey] = helperName = name;
                helpers.AddRange(template.Helpers(name));
            }

            if (index > 0)
            {
                code.Line();
            }

            var values = new RepeatedValue(site.Loops, model.Size, table);
            KernelTemplate[] templates = [.. site.Kernels.Select(schedule.Template)];
            Describe(code, site);
            using (code.Block($"private void {name}({string.Join(", ", new[] { parameters, site.Parameters }.Where(list => list.Length > 0))})"))
            {
                code.Line(template.Body(helperName, hole => model.Address.Hole([.. templates.Select(instance => instance.Holes[hole])], values)));
            }
        }

        table.Write(code);
    }

    private static void Describe(CodeWriter code, CallSite site)
    {
        Kernel kernel = site.Template.Kernel;
        string more = site.IsRepeated ? $" and {site.Repetitions - 1} more like it" : "";
        code.Line($"// Kernel {site.First}{more}, {kernel.Kind}{(kernel.Summary.Length > 0 ? ": " + CSharpText.Comment(kernel.Summary) : "")}.");
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
