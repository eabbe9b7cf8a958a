using Cameo.Generator.Emitting;
using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Operators;

/// <summary>
/// cameo.Recurrence: one direction of a recurrent network over input products that have been computed for all steps. Inputs: 0 products [steps, batch, gates · hidden] (batch first with
/// <c>batch_first</c>), 1 recurrence weights [hidden, gates · hidden], 2 those of a GRU's hidden gate where it resets before the product, 3 bias of a GRU's hidden gate where it resets
/// after, 4 peepholes [3 · hidden], 5 lengths [batch], 6 initial hidden state and 7 cell [batch, hidden]. Outputs: hidden states of all steps, the last one, the last cell.
/// <para>With an attention (AttnLSTM): 8 weights of the attention's state [size, gates · hidden], 9 those of queries [hidden, depth], 10 keys [batch, places, depth], 11 the vector that
/// weighs them [depth], 12 memory [batch, places, memory depth], 13 places that count [batch], 14 weights of the attention's layer [hidden + memory depth, size]; see
/// <c>RecurrentAttention</c>. With <c>quantizes_state</c> hidden states are rounded to 8 bits before their product; then weights may be constant integers, with 15 their scales and
/// 16 zero points [1, gates · hidden].</para>
/// <para>float32; or float64 throughout, which has plain loops and neither attention nor rounded states.</para>
/// </summary>
internal sealed class RecurrenceOperator : Operator
{
    private const int PanelWidth = 32;

    public static readonly IReadOnlyList<Operator> All = [new RecurrenceOperator()];

    public override string Domain => OperatorRegistry.InternalDomain;

    public override string Type => "Recurrence";

    public override IReadOnlyList<int> Versions => [1];

    public override void Infer(Node node, InferenceContext context)
    {
        Shape products = node.Input(0).Shape;
        Dimension hidden = node.Input(1).Shape[0];
        ElementType type = node.Input(0).ElementType;
        var state = new TensorType(type, new Shape([products[IsBatchFirst(node) ? 0 : 1], hidden]));
        context.SetType(node.Output, new TensorType(type, new Shape([products[0], products[1], hidden])));
        for (int index = 1; index < node.Outputs.Count; index++)
        {
            context.SetType(node.Outputs[index]!, state);
        }
    }

    public override void Lower(Node node, LoweringContext context)
    {
        bool quantizesState = node.IntegerAttribute("quantizes_state", 0) != 0;
        View products = context.ReadContiguous(node.Input(0));
        bool isDouble = products.ElementType == ElementType.Float64;
        Dimension gates = products.Shape[2];
        long hidden = node.Input(1).Shape[0].Constant;
        View? output = node.Output.Consumers.Count > 0 ? context.Write(node.Output, allowStrides: true) : null;
        View state = context.Write(node.Outputs[1]!);
        View? cell = node.OptionalOutput(2) is { } last ? context.Write(last) : null;
        Dimension batch = state.Shape[0];
        View scratch = context.Scratch(node, products.ElementType, new Shape([batch, gates]));
        View? reset = node.OptionalInput(2) is null && !quantizesState ? null : context.Scratch(node, products.ElementType, state.Shape);
        NarrowWeights? narrow = node.Input(1).ElementType == products.ElementType ? null : NarrowWeights.Create(node.Input(1), node.Input(15), node.OptionalInput(16), context);
        RecurrentMemory? memory = node.OptionalInput(8) is null ? null : RecurrentMemory.Create(node, weights => Panels(node, weights, context), context);
        var pointers = new List<(string Name, View View)>
        {
            ("Projections", products),
            ("State", state),
            ("Products", scratch),
        };
        if (narrow is null)
        {
            pointers.Add(("Recurrence", Panels(node, node.Input(1), context)));
        }

        void Add(string name, View? view)
        {
            if (view is not null)
            {
                pointers.Add((name, view));
            }
        }

        Add("HiddenRecurrence", node.OptionalInput(2) is { } weights ? Panels(node, weights, context) : null);
        string[] names = ["HiddenBias", "Peepholes", "Lengths", "InitialHidden", "InitialCell"];
        for (int index = 0; index < names.Length; index++)
        {
            Add(names[index], node.OptionalInput(index + 3) is { } value ? context.ReadContiguous(value) : null);
        }

        View[] reads = [.. pointers.Where(pointer => pointer.View != state && pointer.View != scratch).Select(pointer => pointer.View), .. narrow?.Reads ?? [], .. memory?.Reads ?? []];
        Add("Outputs", output);
        Add("Cell", cell);
        Add("Reset", reset);
        View[] writes = [.. new[] { state, output, cell, scratch, reset }.OfType<View>(), .. memory?.Writes ?? []];
        (int stepAxis, int rowAxis) = IsBatchFirst(node) ? (1, 0) : (0, 1);
        context.Add(new Kernel("recurrence", node, reads, writes, writer =>
        {
            writer.Line($"var arguments = new {(isDouble ? "Double" : "")}RecurrentArguments");
            writer.Line("{");
            writer.Line($"    Steps = {KernelText.Native(writer, products.Shape[stepAxis])}, Batch = {KernelText.Native(writer, batch)}, Hidden = {hidden}, IsReverse = {KernelText.Boolean(node.IntegerAttribute("reverse", 0) != 0)},");
            writer.Line($"    ProjectionStep = {KernelText.Native(writer, products.Strides[stepAxis])}, ProjectionRow = {KernelText.Native(writer, products.Strides[rowAxis])},");
            foreach ((string name, View view) in pointers)
            {
                writer.Line($"    {name} = {writer.Pointer(view)},");
            }

            if (output is not null)
            {
                writer.Line($"    OutputStep = {KernelText.Native(writer, output.Strides[stepAxis])}, OutputRow = {KernelText.Native(writer, output.Strides[rowAxis])},");
            }

            string clip = float.IsPositiveInfinity(node.FloatAttribute("clip", 0)) ? "float.PositiveInfinity" : KernelText.Float(node.FloatAttribute("clip", 0));
            writer.Line($"    Clip = {clip}, CouplesInputAndForget = {KernelText.Boolean(node.IntegerAttribute("input_forget", 0) != 0)},");
            if (quantizesState)
            {
                writer.Line("    QuantizesState = true,");
            }

            WriteActivations(node, writer);
            writer.Line("};");
            if (narrow is not null)
            {
                writer.Line($"arguments.NarrowRecurrence = {narrow.Construct(writer)};");
            }

            memory?.Write(writer);
            writer.Line($"{(isDouble ? "Double" : "")}Recurrence.Run(Workers, RecurrentKind.{Kind(node)}, arguments, {KernelText.Name(node)});");
        })
        {
            MultiplyAdds = products.Shape[0] * products.Shape[1] * gates * hidden,
            Summary = $"{node.StringAttribute("kind", "")} of {hidden} over {products.Shape[stepAxis]} steps",
        });
    }

    private static bool IsBatchFirst(Node node) => node.IntegerAttribute("batch_first", 0) != 0;

    private static string Kind(Node node) => node.StringAttribute("kind", "") switch
    {
        "LSTM" => "Lstm",
        "GRU" => "Gru",
        _ => "Simple",
    };

    private static void WriteActivations(Node node, KernelWriter writer)
    {
        string[] members = ["Gate", "Candidate", "Result"];
        string[] functions = node.StringsAttribute("functions")!;
        float[] alphas = node.FloatsAttribute("alphas")!;
        float[] betas = node.FloatsAttribute("betas")!;
        for (int index = 0; index < functions.Length; index++)
        {
            writer.Line($"    {members[index]} = new GateActivation(GateActivationKind.{functions[index]}, {KernelText.Float(alphas[index])}, {KernelText.Float(betas[index])}),");
        }
    }

    /// <summary>A matrix as panels: packed at build time where it is constant, else before the steps. One of float64 as it is.</summary>
    private static View Panels(Node node, Value matrix, LoweringContext context)
    {
        if (matrix.ElementType == ElementType.Float64)
        {
            return context.ReadContiguous(matrix);
        }

        long rows = matrix.Shape[0].Constant;
        long columns = matrix.Shape[1].Constant;
        if (context.TryGetWeight(matrix) is { } weight)
        {
            return context.AddWeight($"{matrix.Name} (panels)", new WeightPanels(new WeightReshape(weight, [1, rows, columns]), PanelWidth));
        }

        View source = context.Read(matrix);
        View packed = context.Scratch(node, ElementType.Float32, Shape.Of((columns + PanelWidth - 1) / PanelWidth * PanelWidth * rows));
        context.Add(new Kernel("pack", node, [source], [packed], writer => writer.Line(
            $"Recurrence.Pack({writer.Pointer(source)}, {KernelText.Native(writer, source.Strides[0])}, {KernelText.Native(writer, source.Strides[1])}, {rows}, {columns}, {writer.Pointer(packed)});"))
        {
            Summary = $"panels of [{rows}, {columns}]",
        });
        return packed;
    }
}
