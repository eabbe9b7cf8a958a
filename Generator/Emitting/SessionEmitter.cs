using System.Globalization;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;
using Cameo.Generator.Planning;

namespace Cameo.Generator.Emitting;

/// <summary>Writes the file with the session class: fields, typed run, binding of inputs, order of kernels.</summary>
internal static class SessionEmitter
{
    /// <summary>Buffers whose sizes one method computes.</summary>
    private const int BuffersPerMethod = 80;

    /// <summary>Fewer sizes that are the same are written one by one, with the values' names.</summary>
    private const int MinimumFill = 5;

    public static GeneratedSource Emit(EmissionModel model, GenerationSignature? generation)
    {
        var code = new CodeWriter();
        FileHeader.Write(code, $"Sessions of {model.ClassName}.");
        code.Line($"namespace {model.Namespace};");
        code.Line();
        using (code.Block($"public sealed unsafe partial class {model.ClassName}"))
        {
            code.Line("/// <summary>What one thread needs to run the model. Reusable; for one thread at a time.</summary>");
            using (code.Block($"public sealed unsafe partial class Session : CompiledSession{(generation is null ? "" : ", IDecoder")}"))
            {
                WriteFields(code, model);
                WriteConstructor(code, model);
                if (model.Graph.States.Count > 0)
                {
                    code.Line("/// <summary>A new session of the same model and options whose states hold the same; only what is in use is copied.</summary>");
                    code.Line("public new Session Fork() => (Session)base.Fork();");
                    code.Line();
                }

                StateRunEmitter.WriteLoading(code, model);
                RunEmitter.Write(code, model);
                BindingEmitter.Write(code, model);
                WriteExecute(code, model);
                WriteSizeChecks(code, model);
                WriteOutputs(code, model);
                SequenceEmitter.WriteAccess(code, model);
                if (!model.Plan.IsStatic)
                {
                    WriteArenaPlan(code, model);
                }

                if (generation is not null)
                {
                    GenerationEmitter.Write(code, model, generation);
                }
            }
        }

        return new GeneratedSource($"{model.Namespace}.{model.ClassName}.Session.g.cs", code.ToString());
    }

    private static void WriteFields(CodeWriter code, EmissionModel model)
    {
        foreach (int index in model.RunInputs)
        {
            code.Line($"private void* _input{index}; // {CSharpText.Comment(model.Graph.Inputs[index].ToString())}");
        }

        foreach (string symbol in model.Graph.Symbols.Free)
        {
            code.Line($"private long {model.SymbolField(symbol)}; // size {CSharpText.Comment(symbol)}");
        }

        if (model.SkipsPositions)
        {
            code.Line($"private bool {LastPosition.Field}; // Forward wants the logits of the last position alone");
        }

        StateRunEmitter.WriteFields(code, model);
        SequenceEmitter.WriteFields(code, model);
        MapEmitter.WriteFields(code, model);
        foreach ((int input, int axis) in BindingEmitter.LateSizes(model))
        {
            code.Line($"private long {BindingEmitter.SizeField(input, axis)}; // axis {axis} of {CSharpText.Comment(model.Graph.Inputs[input].Name)}");
        }

        code.Line();
    }

    private static void WriteConstructor(CodeWriter code, EmissionModel model)
    {
        using (code.Block($"internal Session({model.ClassName} model, SessionOptions? options)\n    : base(model, options)"))
        {
            StateRunEmitter.WriteConstruction(code, model);
            SequenceEmitter.WriteConstruction(code, model);
            if (model.Plan.PoolSlotOf.Count > 0)
            {
                code.Line($"CreatePool({model.Plan.PoolSlotOf.Values.Max() + 1});");
            }

            if (model.Plan.IsStatic && model.Plan.ArenaBytes > 0)
            {
                code.Line($"EnsureArena(global::{model.Namespace}.{model.ClassName}.ArenaBytes);");
            }
        }

        code.Line();
    }

    private static void WriteExecute(CodeWriter code, EmissionModel model)
    {
        code.Line("/// <inheritdoc/>");
        using (code.Block("protected override void Execute()"))
        {
            StateRunEmitter.WriteBegin(code, model);
            SequenceEmitter.WriteBegin(code, model);

            foreach (KeyValuePair<string, (Value Input, int Index)> element in model.Graph.Symbols.Elements)
            {
                int input = model.Graph.Inputs.IndexOf(element.Value.Input);
                code.Line($"{model.SymbolField(element.Key)} = (({element.Value.Input.ElementType.CSharpName()}*)_input{input})[{element.Value.Index}];");
            }

            if (WindowSizes(model).Count > 0 || Requirements(model).Any() || BindingEmitter.LateSizes(model).Count > 0)
            {
                code.Line("CheckSizes();");
            }

            if (!model.Plan.IsStatic)
            {
                code.Line("PlanArena();");
            }

            CallWriter.CallStages(code, model.Schedule, "Stage", "");
            StateRunEmitter.WriteCommit(code, model);
        }

        code.Line();
        CallWriter.WriteStages(code, model, model.Schedule, "Stage", "", "");
    }

    /// <summary>Open sizes that windows leave of larger ones: an input that is too small would leave nothing.</summary>
    private static Dictionary<Dimension, string> WindowSizes(EmissionModel model)
    {
        var sizes = new Dictionary<Dimension, string>();
        foreach (View view in model.Lowered.Kernels.Where(kernel => kernel.Kind is "convolution" or "pool").SelectMany(kernel => kernel.Writes))
        {
            foreach (Dimension size in view.Shape.Skip(2))
            {
                if (!size.IsStatic && size.AsSymbol() is null && !sizes.ContainsKey(size) && model.Graph.Symbols.IsKnownAtStart(size))
                {
                    sizes[size] = view.Buffer.Name;
                }
            }
        }

        return sizes;
    }

    /// <summary>What can be checked when a run begins; what depends on data is checked behind the kernels that tell it.</summary>
    private static IEnumerable<SizeRequirement> Requirements(EmissionModel model) => model.Graph.Requirements.Where(requirement => !requirement.Size.Symbols().Any(model.Graph.Symbols.IsData));

    private static void WriteSizeChecks(CodeWriter code, EmissionModel model)
    {
        Dictionary<Dimension, string> sizes = WindowSizes(model);
        IReadOnlyList<(int Input, int Axis)> late = BindingEmitter.LateSizes(model);
        if (sizes.Count == 0 && !Requirements(model).Any() && late.Count == 0)
        {
            return;
        }

        code.Line("/// <summary>Refuses inputs of sizes that the model cannot take: too small for its windows, other than what it was compiled for, or at odds with each other.</summary>");
        using (code.Block("private void CheckSizes()"))
        {
            foreach ((int input, int axis) in late)
            {
                BindingEmitter.WriteMismatch(code, model, model.Graph.Inputs[input], axis, BindingEmitter.SizeField(input, axis));
            }

            foreach (SizeRequirement requirement in Requirements(model))
            {
                code.Line($"RequireSize({model.Size(requirement.Size)}, {requirement.Value}, {CSharpText.Literal($"{requirement.Size} ({requirement.What})")});");
            }

            foreach (KeyValuePair<Dimension, string> size in sizes.OrderBy(size => size.Key.ToString(), StringComparer.Ordinal).Take(100))
            {
                code.Line($"RequirePositive({model.Size(size.Key)}, {CSharpText.Literal($"{size.Key} (a size of '{size.Value}')")});");
            }
        }

        code.Line();
        if (sizes.Count > 0)
        {
            WriteSizeCheck(code, "RequirePositive(long size, string what)", "size < 1", "1, long.MaxValue");
        }

        if (Requirements(model).Any())
        {
            WriteSizeCheck(code, "RequireSize(long size, long expected, string what)", "size != expected", "expected, expected");
        }
    }

    private static void WriteSizeCheck(CodeWriter code, string method, string fails, string bounds)
    {
        using (code.Block($"private static void {method}"))
        {
            using (code.Block($"if ({fails})"))
            {
                code.Line($"ThrowDimensionOutOfBounds(what, size, {bounds}, \"\");");
            }
        }

        code.Line();
    }

    private static void WriteOutputs(CodeWriter code, EmissionModel model)
    {
        code.Line("/// <inheritdoc/>");
        using (code.Block("protected override TensorView GetOutputView(int index)"))
        {
            using (code.Block("switch (index)"))
            {
                int number = 0;
                foreach (int index in model.RunOutputs)
                {
                    Value output = model.Graph.Outputs[index];
                    string pointer = model.Address.Pointer(model.Lowered.Outputs[index]!);
                    code.Line($"case {number}: // {CSharpText.Comment(output.ToString())}");
                    using (code.Indent())
                    {
                        int rank = output.Shape.Rank;
                        for (int axis = 0; axis < rank; axis++)
                        {
                            code.Line($"_outputShape[{axis}] = {model.Size(output.Shape[axis])};");
                        }

                        code.Line($"return new TensorView({pointer}, (ElementType){(int)output.ElementType}, new ReadOnlySpan<long>(_outputShape, 0, {rank}){(output.ElementType == ElementType.String ? ", Texts" : "")});");
                    }

                    number++;
                }

                code.Line("default:");
                using (code.Indent())
                {
                    code.Line("throw new ArgumentOutOfRangeException(nameof(index));");
                }
            }
        }

        code.Line();
        code.Line($"private readonly long[] _outputShape = new long[{Math.Max(1, model.RunOutputs.Select(index => model.Graph.Outputs[index].Shape.Rank).DefaultIfEmpty().Max())}];");
        code.Line();
    }

    /// <summary>Sizes follow from the run's shapes; buffers are placed again only when a shape has changed.</summary>
    private static void WriteArenaPlan(CodeWriter code, EmissionModel model)
    {
        int count = model.Plan.Slots.Count;
        string[] symbols = [.. model.Plan.Slots.SelectMany(slot => slot.Bytes.Symbols()).Distinct().OrderBy(symbol => symbol, StringComparer.Ordinal)];
        bool idles = model.Plan.Slots.Any(slot => slot.Item.Idles);
        string List(Func<ArenaItem, int> field) => string.Join(", ", model.Plan.Slots.Select(slot => field(slot.Item).ToString(CultureInfo.InvariantCulture)));
        code.Line($"private static readonly int[] s_firstUse = [{List(item => item.First)}];");
        code.Line($"private static readonly int[] s_lastUse = [{List(item => item.Last)}];");
        if (idles)
        {
            code.Line("// What goes from one repetition of a block to the next lends its place in between; where the second number is smaller there is no such time.");
            code.Line($"private static readonly int[] s_idleFrom = [{List(item => item.IdleFrom)}];");
            code.Line($"private static readonly int[] s_idleTo = [{List(item => item.IdleTo)}];");
        }

        code.Line($"private readonly long[] _offsets = new long[{count}];");
        code.Line($"private readonly long[] _sizes = new long[{count}];");
        code.Line($"private readonly int[] _placementWork = new int[ArenaPlacement.WorkLength({count})];");
        code.Line($"private readonly long[] _plannedFor = [{string.Join(", ", symbols.Select(_ => "-1"))}];");
        code.Line();
        code.Line("/// <summary>Lays the arena out for the sizes of this run, where they differ from the last run's.</summary>");
        using (code.Block("private void PlanArena()"))
        {
            string same = string.Join(" && ", symbols.Select((symbol, index) => $"_plannedFor[{index}] == {model.SymbolField(symbol)}"));
            using (code.Block($"if ({(same.Length > 0 ? same : "Arena != null")})"))
            {
                code.Line("return;");
            }

            code.Line();
            for (int first = 0; first < count; first += BuffersPerMethod)
            {
                code.Line($"SizeBuffers{first / BuffersPerMethod}();");
            }

            code.Line($"EnsureArena(ArenaPlacement.Place({count}, _sizes, s_firstUse, s_lastUse, {(idles ? "s_idleFrom, s_idleTo, " : "")}_offsets, _placementWork));");
            for (int index = 0; index < symbols.Length; index++)
            {
                code.Line($"_plannedFor[{index}] = {model.SymbolField(symbols[index])};");
            }
        }

        code.Line();
        for (int first = 0; first < count; first += BuffersPerMethod)
        {
            using (code.Block($"private void SizeBuffers{first / BuffersPerMethod}()"))
            {
                int end = Math.Min(first + BuffersPerMethod, count);
                for (int index = first; index < end; index++)
                {
                    // Neighbours of one size are values of repeated blocks that are kept.
                    int equal = index + 1;
                    while (equal < end && model.Plan.Slots[equal].Bytes == model.Plan.Slots[index].Bytes)
                    {
                        equal++;
                    }

                    string size = $"checked({model.Size(model.Plan.Slots[index].Bytes)})";
                    string name = CSharpText.Comment(model.Plan.Slots[index].Uses[0].Buffers[0].Name);
                    code.Line(equal - index < MinimumFill ? $"_sizes[{index}] = {size}; // {name}" : $"_sizes.AsSpan({index}, {equal - index}).Fill({size}); // {name} and others");
                    index = equal - index < MinimumFill ? index : equal - 1;
                }
            }

            code.Line();
        }
    }
}
