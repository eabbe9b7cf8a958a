using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Cameo.Generator.Diagnostics;
using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Onnx;
using Cameo.Generator.Onnx.Proto;
using Cameo.Generator.Outlining;
using Cameo.Generator.Passes;
using Cameo.Generator.Passes.Recognition;
using Cameo.Generator.Passes.States;
using Cameo.Generator.Planning;
using Cameo.Generator.Reports;

namespace Cameo.Generator;

/// <summary>The compiler: a pure function from a model's graph text to C# source, a weight recipe and diagnostics.</summary>
internal static class ModelCompiler
{
    /// <summary>Compiles one model. Never throws for what the text holds: whatever is wrong with it is a diagnostic.</summary>
    /// <param name="graphText">The text that the import wrote: the graph with the user's options in its metadata.</param>
    /// <param name="settings">The host's wishes.</param>
    /// <param name="cancellationToken">Checked between passes and between emitted members.</param>
    public static CompileResult Compile(string graphText, CompileSettings settings, CancellationToken cancellationToken = default)
    {
#pragma warning disable RS1035 // Not for messages: generated code must be the same under every culture.
        CultureInfo culture = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
#pragma warning restore RS1035
        var diagnostics = new List<DiagnosticInfo>();
        var stages = new List<StageDump>();
        try
        {
            return RunStages(graphText, settings, diagnostics, stages, null, cancellationToken);
        }
        catch (InvalidGraphTextException exception)
        {
            diagnostics.Add(new(DiagnosticIds.InvalidModel, DiagnosticLevel.Error, exception.Message));
        }
        catch (ModelException exception)
        {
            diagnostics.Add(exception.Node is { } node
                ? ShapePropagation.Diagnose(node, exception)
                : new(exception.IsUnsupported ? DiagnosticIds.UnsupportedUse : DiagnosticIds.InvalidModel, DiagnosticLevel.Error, exception.Message + "."));
        }
        catch (OverflowException exception) when (exception.StackTrace?.Contains(nameof(Dimension)) == true)
        {
            diagnostics.Add(new(DiagnosticIds.InvalidModel, DiagnosticLevel.Error, "The model's sizes multiply to more than a 64-bit number holds."));
        }
        catch (Exception exception) when (exception is not OperationCanceledException and not InsufficientExecutionStackException)
        {
            diagnostics.Add(new(DiagnosticIds.InternalError, DiagnosticLevel.Error,
                $"The compiler failed: {exception.GetType().Name}: {exception.Message} Please report it with the model. {FirstFrame(exception)}"));
        }
        finally
        {
#pragma warning disable RS1035
            CultureInfo.CurrentCulture = culture;
#pragma warning restore RS1035
        }

        return new CompileResult("", "file", [], null, diagnostics, stages, []);
    }

    private static CompileResult RunStages(string graphText, CompileSettings settings, List<DiagnosticInfo> diagnostics, List<StageDump> stages, SizeSeparation? separation, CancellationToken cancellationToken)
    {
        ModelProto proto = GraphTextReader.Read(graphText);
        var options = new Passes.ModelOptions(GraphOptions.Read(proto));
        Model model = GraphReader.Read(proto);
        Graph graph = model.Graph;
        string className = options.ClassName ?? Identifiers.Pascal(graph.Name);
        string @namespace = options.Namespace ?? settings.DefaultNamespace;
        var failed = new CompileResult($"{@namespace}.{className}", options.Weights, [], null, diagnostics, stages, []);
        options.Check(diagnostics);
        options.ApplyDimensions(graph.Symbols, diagnostics);
        separation?.Apply(graph);
        InputPinning.Run(graph, options.Inputs, diagnostics);

        bool Stage(string name, Action run)
        {
            cancellationToken.ThrowIfCancellationRequested();
            run();
            if (settings.DumpStages)
            {
                stages.Add(new StageDump(name, graph.ToString()));
            }

            if (settings.Validate)
            {
                GraphValidator.Validate(graph, name);
            }

            return diagnostics.All(diagnostic => diagnostic.Severity != DiagnosticLevel.Error);
        }

        bool Collect()
        {
            LaterFaults.Collect(graph, diagnostics, cancellationToken);
            return false;
        }

        LoweredModel? lowered = null;
        SizeSeparation? wanted = null;
        bool succeeded = Stage("import", () => { })
            && (Stage("shapes", () => ShapePropagation.Run(graph, diagnostics, cancellationToken)) || Collect())
            && Stage("container outputs", () => ContainerOutputs.Run(graph))
            && Stage("normalization", () => OperatorNormalization.Run(graph, diagnostics, cancellationToken))
            && Stage("recognition", () => PatternRecognition.Run(graph, diagnostics, cancellationToken))
            && Stage("states", () => wanted = StateRecognition.Run(graph, options, diagnostics, separation, cancellationToken))
            && wanted is null
            && Stage("expansion", () => OperatorExpansion.Run(graph, diagnostics, cancellationToken))
            && Stage("dead code", () => DeadCodeElimination.Run(graph))
            && Stage("lowering", () => lowered = GraphLowering.Run(graph, diagnostics, cancellationToken));
        if (wanted is not null)
        {
            return RunSeparated(graphText, settings, diagnostics, stages, wanted, cancellationToken);
        }

        if (!succeeded)
        {
            return failed;
        }

        var symbols = new SymbolFields(graph.Symbols);
        KernelSchedule schedule = KernelSchedule.Make(lowered!.Kernels, symbols, cancellationToken);
        KernelSchedule loadSchedule = KernelSchedule.Make(lowered.LoadKernels, symbols, cancellationToken);
        if (EmissionModel.UsedClasses.Concat(schedule.Qualifiers()).Concat(loadSchedule.Qualifiers()).Contains(className))
        {
            // Inside a class its own name hides every other class of that name, whatever the usings say.
            diagnostics.Add(new(DiagnosticIds.InvalidOption, DiagnosticLevel.Error, $"OnnxClass: the generated code uses a class that is called '{className}' itself; give the model's class another name."));
            return failed;
        }

        WeightLayout.Run(lowered, schedule, loadSchedule);
        MemoryPlan plan = MemoryPlanner.Run(lowered, schedule.Nodes, graph.Symbols);
        byte[] identity = Identify(graphText, settings);
        var emission = new EmissionModel(model, lowered, schedule, loadSchedule, symbols, plan, className, @namespace, options.Weights, BitConverter.ToString(identity).Replace("-", "").ToLowerInvariant());
        GenerationSignature? generation = GenerationEmitter.Recognize(emission, diagnostics);
        GeneratedSource[] sources =
        [
            ModelEmitter.Emit(emission, graph.Name),
            SessionEmitter.Emit(emission, generation),
            .. KernelEmitter.Emit(emission, cancellationToken),
        ];
        WeightRecipe? recipe = lowered.Weights.Count == 0 ? null : new WeightRecipe([.. lowered.Weights.OrderBy(entry => entry.Offset)], lowered.WeightBytes, identity);
        KernelSummary[] kernels = [.. lowered.Kernels.Select((kernel, index) => new KernelSummary(emission.Method(schedule.Site(index)), kernel.Kind, kernel.Nodes))];
        return new CompileResult($"{@namespace}.{className}", options.Weights, sources, recipe, diagnostics, stages, kernels)
        {
            Recognitions = graph.Recognitions,
            Misses = graph.Misses,
            Report = settings.Report ? ReportBuilder.Build(emission, diagnostics) : null,
        };
    }

    /// <summary>Compiles anew with sizes of their own for caches; as the model has it where that fails.</summary>
    private static CompileResult RunSeparated(string graphText, CompileSettings settings, List<DiagnosticInfo> diagnostics, List<StageDump> stages, SizeSeparation separation, CancellationToken cancellationToken)
    {
        diagnostics.Clear();
        stages.Clear();
        try
        {
            CompileResult result = RunStages(graphText, settings, diagnostics, stages, separation, cancellationToken);
            if (result.Succeeded)
            {
                return result;
            }
        }
        catch (ModelException)
        {
            // A part of the model needs the sizes to be one.
        }

        diagnostics.Clear();
        stages.Clear();
        return RunStages(graphText, settings, diagnostics, stages, SizeSeparation.Forbidden, cancellationToken);
    }

    /// <summary>What code and weights of one compilation share.</summary>
    private static byte[] Identify(string graphText, CompileSettings settings)
    {
        using var hash = SHA256.Create();
        return hash.ComputeHash(Encoding.UTF8.GetBytes($"Cameo {ModelEmitter.Version}\n{settings.DefaultNamespace}\n{graphText}"));
    }

    private static string FirstFrame(Exception exception) => exception.StackTrace?.Split('\n').FirstOrDefault()?.Trim() ?? "";
}
