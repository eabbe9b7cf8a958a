using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// Loop: https://onnx.ai/onnx/operators/onnx__Loop.html, of tensors, sequences and optionals. Carried tensors keep their ranks; sizes may change from iteration to iteration. Results that grow by a part each iteration have as many parts as
/// sizes say or the model declares, which every run must then meet; else the loop tells the number when it ends. The code of the body is written once, whatever the number of iterations.
/// </summary>
internal sealed class LoopOperator : Operator
{
    public static readonly IReadOnlyList<Operator> All = [new LoopOperator()];

    /// <summary>Collected results of more bytes come from a damaged model or a wrong number of iterations.</summary>
    private const double LargestResult = 1L << 40;

    private const string TripsName = "iterations";

    public override string Type => "Loop";

    public override bool TakesContainers => true;

    public override IReadOnlyList<int> Versions => [1, 11, 13, 16, 19, 21, 23, 24, 25];

    public override void Infer(Node node, InferenceContext context)
    {
        Graph body = Body(node);
        int carried = body.Inputs.Count - 2;
        RequireScalar(node, 0, ElementType.Int64, "number of iterations");
        RequireScalar(node, 1, ElementType.Boolean, "condition");
        Dimension? most = MostTrips(node, context.Symbols);
        Dimension iteration = LoopRegion.DeclareIteration(node, Bound(node, carried, most), context);
        body.Inputs[0].Type = new TensorType(ElementType.Int64, Shape.Scalar);
        body.Inputs[0].Elements = [iteration];

        // The body only runs while the condition holds.
        var truth = new TensorType(ElementType.Boolean, Shape.Scalar);
        body.Inputs[1].Type = truth;
        body.Inputs[1].Constant = ConstantElements.FromIntegers([1], truth);
        body.Inputs[1].Elements = [Dimension.One];
        foreach (Value input in body.Inputs)
        {
            // What the node gives counts, whatever the body declares.
            input.Container = null;
        }

        var containers = new CarriedTypes(node, body, carried, context);
        if (!containers.Infer() || body.Outputs.Any(output => !output.HasType))
        {
            return;
        }

        for (int index = 0; index < carried; index++)
        {
            if (containers[index] is { } container)
            {
                if (node.OptionalOutput(index) is { } sequence)
                {
                    sequence.Container = container;
                }

                continue;
            }

            if (body.Outputs[index + 1].Container is { } made)
            {
                throw new ModelException(node, $"carried value {index} is {node.Input(index + 2).Type} and becomes {made}");
            }

            RequireSameType(node, index, node.Input(index + 2).RequiredType, body.Outputs[index + 1].RequiredType);
            if (node.OptionalOutput(index) is { } output)
            {
                SetCarried(node, body, index, output, RunsAlways(node, body) ? most : null, context);
            }
        }

        for (int index = carried; index < node.Outputs.Count; index++)
        {
            if (node.Outputs[index] is { } output)
            {
                TensorType part = body.Outputs[index + 1].Type ?? throw new ModelException(node, $"'{output.Name}' collects {body.Outputs[index + 1].Container}, and only tensors can be collected");
                SetCollected(node, body, index, part, Trips(node, body, most, output) ?? context.DataSize(node, TripsName, most), context);
            }
        }

        if (node.OptionalInput(0) is null && RunsAlways(node, body))
        {
            throw new ModelException(node, "the loop never ends: it has neither a number of iterations nor a condition");
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        Graph body = Body(node);
        int carried = body.Inputs.Count - 2;
        var region = new LoopRegion(node, body, context);
        View?[] results = new View?[node.Outputs.Count];
        for (int index = 0; index < carried; index++)
        {
            if (node.Input(index + 2).Container is not null)
            {
                region.CarrySequence(node.Input(index + 2), body.Inputs[index + 2], body.Outputs[index + 1], node.OptionalOutput(index));
                continue;
            }

            View memory = region.Carry(node.Input(index + 2), body.Inputs[index + 2], body.Outputs[index + 1], axis => CarriedTypes.Changing(node, body, index, axis));
            if (node.OptionalOutput(index) is { } output)
            {
                results[index] = new View(memory.Buffer, output.Shape);
                region.SetSizes(output.Shape, memory.Shape, axis => DataSizes.Find(node, CarriedSizeName(index, axis)));
            }
        }

        for (int index = carried; index < results.Length; index++)
        {
            if (node.Outputs[index] is { } output)
            {
                results[index] = region.Collect(output, body.Outputs[index + 1], 0, LoopRegion.Iteration(node), axis => DataSizes.Find(node, PartSizeName(index, axis)));
            }
        }

        // Whether to go on: the initial condition, then what each iteration says.
        bool asks = body.Outputs[0].Constant is null || TruthOf(body.Outputs[0]) == false;
        Value? initial = node.OptionalInput(1);
        View? condition = null;
        if (asks || (initial is not null && TruthOf(initial) is null))
        {
            Value start = initial ?? True(node, context);
            condition = region.Carry(start, body.Inputs[1], body.Outputs[0]);
        }

        Dimension? most = MostTrips(node, context.Graph.Symbols);
        View? limit = most is null && node.OptionalInput(0) is { } trips ? context.Read(trips) : null;
        foreach (View? read in new[] { condition, limit })
        {
            if (read is not null)
            {
                region.Read(read);
            }
        }

        string? told = DataSizes.Find(node, TripsName);
        Dimension? declared = node.Outputs.Skip(carried).FirstOrDefault(output => output is not null && (told is null || output.Shape[0].AsSymbol() != told))?.Shape[0];
        bool checks = declared is not null && Trips(node, body, most, null) is null;
        bool never = initial is not null && TruthOf(initial) == false;
        region.Add("repeat", $"{most?.ToString() ?? "some"} iterations at most", told is null ? null : Dimension.Symbol(told), (writer, iteration) =>
        {
            List<string> conditions = [];
            if (never)
            {
                return "false";
            }

            if (most is not null)
            {
                conditions.Add($"{iteration} < {writer.Size(most)}");
            }
            else if (limit is not null)
            {
                writer.Line($"long trips = *{writer.Pointer(limit)};");
                conditions.Add($"{iteration} < trips");
            }

            if (condition is not null)
            {
                conditions.Add($"*{writer.Pointer(condition)}");
            }

            if (checks)
            {
                // Parts beyond the declared size would be written behind the result.
                conditions.Add($"CheckTrips({iteration})");
                writer.Line($"bool CheckTrips(long iteration) => iteration < {writer.Size(declared!)} ? true : throw {Contradiction(node, declared!, writer, "iteration + 1")};");
            }

            return conditions.Count > 0 ? string.Join(" && ", conditions) : "true";
        },
        (writer, iteration) =>
        {
            if (checks)
            {
                using (writer.Block($"if ({iteration} != {writer.Size(declared!)})"))
                {
                    writer.Line($"throw {Contradiction(node, declared!, writer, iteration)};");
                }
            }
        });
        for (int index = 0; index < results.Length; index++)
        {
            if (node.Outputs[index] is { Container: null } output)
            {
                context.SetView(output, results[index]!);
            }
        }
    }

    private static string CarriedSizeName(int index, int axis) => $"axis {axis} of output {index}";

    private static string PartSizeName(int index, int axis) => $"axis {axis} of the parts of output {index}";

    private static string Contradiction(Node node, Dimension declared, Emitting.KernelWriter writer, string iterations) =>
        $"new global::Cameo.DimensionOutOfBoundsException({Emitting.CSharpText.Literal($"iterations of {node}, whose result is declared with that size")}, {iterations}, {writer.Size(declared)}, {writer.Size(declared)}, \"\")";

    private static Value True(Node node, LoweringContext context) =>
        context.Graph.AddConstant($"{node.Name}/true", ConstantElements.FromIntegers([1], new TensorType(ElementType.Boolean, Shape.Scalar)));

    private static Graph Body(Node node)
    {
        Graph body = node.GraphAttribute("body") ?? throw new ModelException(node, "attribute 'body' is missing");
        int carried = Math.Max(0, node.Inputs.Count - 2);
        return body.Inputs.Count == carried + 2 && body.Outputs.Count >= carried + 1 && node.Outputs.Count <= body.Outputs.Count - 1
            ? body
            : throw new ModelException(node, $"the body has {body.Inputs.Count} inputs and {body.Outputs.Count} outputs, which does not fit the loop's {node.Inputs.Count} inputs and {node.Outputs.Count} outputs");
    }

    private static void RequireScalar(Node node, int input, ElementType type, string what)
    {
        if (node.OptionalInput(input) is { } value && (value.ElementType != type || (value.Shape.ElementCount.Value is { } count && count != 1)))
        {
            throw new ModelException(node, $"the {what} is {value.Type} and not one {type.OnnxName()}");
        }
    }

    private static void RequireSameType(Node node, int index, TensorType before, TensorType after)
    {
        if (before.ElementType != after.ElementType)
        {
            throw new ModelException(node, $"carried value {index} is {before} and becomes {after}");
        }

        if (before.Rank != after.Rank)
        {
            throw ModelException.Unsupported(node, $"carried value {index} changes its rank from that of {before.Shape} to that of {after.Shape}");
        }
    }

    /// <summary>
    /// What a carried value is after the loop: sizes that change are as the last iteration left them, which only the loop can tell, unless each of a known number of iterations adds the same.
    /// </summary>
    private static void SetCarried(Node node, Graph body, int index, Value output, Dimension? trips, InferenceContext context)
    {
        HashSet<string> inner = [.. LoopRegion.InnerSymbols(node), .. CarriedTypes.ChangingSizes(node, body, body.Inputs.Count - 2)];
        TensorType before = node.Input(index + 2).RequiredType;
        Dimension[] sizes = [.. before.Shape];
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            if (CarriedTypes.Changing(node, body, index, axis) is { } symbol)
            {
                Dimension growth = body.Outputs[index + 1].Shape[axis] - Dimension.Symbol(symbol);
                sizes[axis] = trips is not null && !growth.Symbols().Any(inner.Contains) ? sizes[axis] + trips * growth : context.DataSize(node, CarriedSizeName(index, axis));
            }
        }

        context.SetType(output, new TensorType(before.ElementType, new Shape(sizes)));
    }

    private static void SetCollected(Node node, Graph body, int index, TensorType part, Dimension trips, InferenceContext context)
    {
        // A size that is known in an iteration only is the first one's, and each one's after it must be the same.
        HashSet<string> inner = [.. LoopRegion.InnerSymbols(node), .. CarriedTypes.ChangingSizes(node, body, body.Inputs.Count - 2)];
        Value output = node.Outputs[index]!;
        Dimension[] sizes = [.. part.Shape];
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            if (sizes[axis].Symbols().Any(inner.Contains))
            {
                sizes[axis] = context.DataSize(node, PartSizeName(index, axis));
            }
        }

        var type = new TensorType(part.ElementType, new Shape([trips, .. sizes]));
        DimensionRange bytes = type.Shape.Aggregate(DimensionRange.Exactly(part.ElementType.Bytes()), (product, size) => product * size.Range(context.Symbols.Range));
        if (bytes.Minimum > LargestResult)
        {
            throw ModelException.Unsupported(node, $"'{output.Name}' would be {type}, more than fits into memory");
        }

        context.SetType(output, type);
    }

    /// <summary>The number of iterations that the first input allows, where it follows from sizes.</summary>
    private static Dimension? MostTrips(Node node, SymbolTable symbols) =>
        node.OptionalInput(0)?.Elements is { Count: 1 } elements ? SymbolicMath.Maximum(elements[0], Dimension.Zero, symbols) : null;

    /// <summary>What no run's iterations exceed: the sizes' number, or the declared one that runs are held to.</summary>
    private static Dimension Bound(Node node, int carried, Dimension? most) =>
        most ?? node.Outputs.Skip(carried).Select(DeclaredTrips).FirstOrDefault(size => size is not null) ?? Dimension.Of(long.MaxValue);

    private static Dimension? DeclaredTrips(Value? output) => output?.DeclaredType?.Shape is { Rank: > 0 } shape && shape[0].IsStatic ? shape[0] : null;

    /// <summary>The number of iterations, where it is known; with <paramref name="declaredBy"/> also where the model declares it as the size of a result.</summary>
    private static Dimension? Trips(Node node, Graph body, Dimension? most, Value? declaredBy)
    {
        if (node.OptionalInput(1) is { } condition && TruthOf(condition) == false)
        {
            return Dimension.Zero;
        }

        if (most is not null && RunsAlways(node, body))
        {
            return most;
        }

        return DeclaredTrips(declaredBy);
    }

    private static bool RunsAlways(Node node, Graph body) =>
        (node.OptionalInput(1) is not { } condition || TruthOf(condition) == true) && TruthOf(body.Outputs[0]) == true;

    private static bool? TruthOf(Value value) => value.Elements is { Count: 1 } elements && elements[0].Value is { } known ? known != 0 : null;
}
