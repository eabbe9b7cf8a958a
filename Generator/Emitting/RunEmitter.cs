using Cameo.Generator.Graphs;

namespace Cameo.Generator.Emitting;

/// <summary>
/// Writes the typed <c>Run</c>. A value with at most one size other than 1 is a span; more sizes make a tensor span up to the rank at which one can be made without
/// allocating, and a span beyond.
/// </summary>
internal static class RunEmitter
{
    /// <summary>Tensor spans of higher rank keep their sizes on the heap.</summary>
    private const int MaximumTensorSpanRank = 4;

    public static void Write(CodeWriter code, EmissionModel model)
    {
        IReadOnlyList<int> inputs = model.RunInputs;
        IReadOnlyList<int> outputs = model.RunOutputs;
        if (inputs.Any(index => model.Graph.Inputs[index].ElementType.InterfaceName() is null) || outputs.Any(index => model.Graph.Outputs[index].ElementType.InterfaceName() is null))
        {
            return;
        }

        int containers = model.Graph.ContainerOutputs.Count;
        string result = (outputs.Count + containers) switch
        {
            0 => "void",
            1 when containers > 0 => SequenceEmitter.OutputType(model, 0),
            1 => OutputType(model.Graph.Outputs[outputs[0]]),
            _ => "Results",
        };
        code.Line("/// <summary>Runs the model. Results stay valid until the session is used again.</summary>");
        foreach (int index in inputs.Where(index => !MapEmitter.IsPart(model.Graph, model.Graph.Inputs[index])))
        {
            code.Line($"/// <param name=\"{model.InputNames[index].TrimStart('@')}\">{CSharpText.Documentation(model.Graph.Inputs[index].ToString())}.</param>");
        }

        MapEmitter.WriteDocumentation(code, model);
        for (int index = 0; index < model.Graph.ContainerInputs.Count; index++)
        {
            code.Line($"/// <param name=\"{model.ContainerInputNames[index].TrimStart('@')}\">{CSharpText.Documentation(model.Graph.ContainerInputs[index].ToString())}.</param>");
        }

        code.Line(outputs.Count == 1 && containers == 0
            ? $"/// <returns>{CSharpText.Documentation(model.Graph.Outputs[outputs[0]].ToString())}.</returns>"
            : "/// <returns>The outputs.</returns>");
        code.Line("/// <exception cref=\"ModelInputException\">An input's size does not fit.</exception>");
        code.Line("/// <exception cref=\"ConcurrentSessionUseException\">Another thread is running the session.</exception>");
        string parameters = Parameters(model, inputs);
        using (code.Block($"public {result} Run({parameters})"))
        {
            code.Line("Enter();");
            using (code.Block("try"))
            {
                MapEmitter.WriteTaking(code, model);
                foreach (int index in inputs)
                {
                    if (!IsSpan(model.Graph.Inputs[index].Shape))
                    {
                        WriteDenseCheck(code, model.Graph.Inputs[index], model.InputNames[index]);
                    }
                }

                foreach (int index in inputs.Where(index => IsText(model.Graph.Inputs[index])))
                {
                    string name = model.InputNames[index];
                    string texts = IsSpan(model.Graph.Inputs[index].Shape)
                        ? name
                        : $"global::System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpan(in {name}.GetPinnableReference(), checked((int){name}.FlattenedLength))";
                    code.Line($"void* pointer{index} = BindTexts({Position(inputs, index)}, {texts});");
                }

                string pins = string.Join("\n", inputs.Where(index => !IsText(model.Graph.Inputs[index])).Select(index =>
                {
                    Value input = model.Graph.Inputs[index];
                    string source = IsSpan(input.Shape) ? model.InputNames[index] : $"&{model.InputNames[index]}.GetPinnableReference()";
                    return $"fixed ({input.ElementType.CSharpName()}* pointer{index} = {source})";
                }));
                for (int index = 0; index < model.Graph.ContainerInputs.Count; index++)
                {
                    code.Line(SequenceEmitter.Bind(model, index));
                }

                if (pins.Length == 0)
                {
                    WriteExecution(code, model, inputs);
                }
                else
                {
                    using (code.Block(pins))
                    {
                        WriteExecution(code, model, inputs);
                    }
                }

                if (outputs.Count + containers > 0)
                {
                    code.Line($"return {(outputs.Count + containers > 1 ? "new Results(this)" : containers > 0 ? SequenceEmitter.Output(model, 0) : Output(model, outputs[0]))};");
                }
            }

            using (code.Block("finally"))
            {
                code.Line("Exit();");
            }
        }

        code.Line();
        if (inputs.Any(index => !IsSpan(model.Graph.Inputs[index].Shape)))
        {
            WriteDenseCheckMethod(code);
        }

        if (outputs.Count + containers > 1)
        {
            WriteResults(code, model, outputs);
        }
    }

    /// <summary>Whether a value is handed over as a plain span.</summary>
    public static bool IsSpan(Shape shape) => shape.Count(size => size.Value != 1) <= 1 || shape.Rank > MaximumTensorSpanRank;

    private static bool IsText(Value value) => value.ElementType == ElementType.String;

    /// <summary>Number of an input or output among those of a run.</summary>
    private static int Position(IReadOnlyList<int> all, int index) => all.TakeWhile(other => other != index).Count();

    private static void WriteExecution(CodeWriter code, EmissionModel model, IReadOnlyList<int> inputs)
    {
        foreach (int index in inputs)
        {
            WriteBind(code, model, index);
        }

        code.Line("Execute();");
    }

    private static string InputType(Value value) => IsSpan(value.Shape)
        ? $"ReadOnlySpan<{value.ElementType.InterfaceName()}>"
        : $"global::System.Numerics.Tensors.ReadOnlyTensorSpan<{value.ElementType.InterfaceName()}>";

    private static string OutputType(Value value) => InputType(value);

    /// <summary>Parameters in the order of the model's inputs.</summary>
    private static string Parameters(EmissionModel model, IReadOnlyList<int> inputs)
    {
        IEnumerable<(string Name, string Text)> tensors = inputs.Where(index => !MapEmitter.IsPart(model.Graph, model.Graph.Inputs[index])).Select(index => (model.Graph.Inputs[index].Name, $"{InputType(model.Graph.Inputs[index])} {model.InputNames[index]}"));
        if (model.Graph.ContainerInputs.Count + model.Graph.Maps.Count == 0)
        {
            return string.Join(", ", tensors.Select(parameter => parameter.Text));
        }

        IEnumerable<(string Name, string Text)> containers = model.Graph.ContainerInputs.Select((input, index) => (input.Name, SequenceEmitter.Parameter(model, index)));
        return string.Join(", ", tensors.Concat(containers).Concat(MapEmitter.Parameters(model)).OrderBy(parameter => model.Graph.InputOrder.IndexOf(parameter.Name)).Select(parameter => parameter.Text));
    }

    private static void WriteDenseCheck(CodeWriter code, Value input, string name)
    {
        // A span becomes a tensor span of rank 1: where all sizes are known its length says enough.
        string flat = input.Shape.IsStatic ? $"{name}.Rank == 1 && {name}.FlattenedLength == {input.Shape.ElementCount}" : "false";
        code.Line($"RequireDense({CSharpText.Literal(input.Name)}, {input.Shape.Rank}, {name}.Rank, {name}.IsDense, {flat});");
    }

    private static void WriteDenseCheckMethod(CodeWriter code)
    {
        using (code.Block("private static void RequireDense(string name, int expectedRank, int rank, bool isDense, bool isFlat)"))
        {
            using (code.Block("if (rank != expectedRank && !isFlat)"))
            {
                code.Line("ThrowWrongRank(name, expectedRank, rank);");
            }

            code.Line();
            using (code.Block("if (!isDense)"))
            {
                code.Line("throw new ArgumentException($\"Input '{name}' must be dense and row-major.\", name);");
            }
        }

        code.Line();
    }

    private static void WriteBind(CodeWriter code, EmissionModel model, int index)
    {
        Value input = model.Graph.Inputs[index];
        string name = model.InputNames[index];
        string method = BindingEmitter.Method(model, index);
        if (!IsSpan(input.Shape))
        {
            string sizes = string.Concat(Enumerable.Range(0, input.Shape.Rank).Select(axis => $", {name}.Lengths[{axis}]"));
            if (input.Shape.IsStatic)
            {
                string fixedSizes = string.Concat(input.Shape.Select(size => $", {size}"));
                using (code.Block($"if ({name}.Rank == 1)"))
                {
                    code.Line($"{method}(pointer{index}{fixedSizes});");
                }

                code.Line("else");
                code.Line("{");
                using (code.Indent())
                {
                    code.Line($"{method}(pointer{index}{sizes});");
                }

                code.Line("}");
                code.Line();
                return;
            }

            code.Line($"{method}(pointer{index}{sizes});");
            return;
        }

        int[] open = [.. Enumerable.Range(0, input.Shape.Rank).Where(axis => input.Shape[axis].Value != 1)];
        if (open.Length <= 1)
        {
            // A scalar or vector: its length is its one size.
            if (open.Length == 0 || input.Shape[open[0]].IsStatic)
            {
                WriteLengthCheck(code, model, input, name);
            }

            string sizes = string.Concat(Enumerable.Range(0, input.Shape.Rank).Select(axis => open.Contains(axis) ? $", {name}.Length" : ", 1"));
            code.Line($"{method}(pointer{index}{sizes});");
            return;
        }

        // Beyond the rank of tensor spans all sizes but one must be known.
        int[] symbolic = [.. open.Where(axis => !input.Shape[axis].IsStatic)];
        if (symbolic.Length > 1)
        {
            code.Line($"throw new NotSupportedException({CSharpText.Literal($"Input '{input.Name}' has {symbolic.Length} open sizes in rank {input.Shape.Rank}: use the untyped Run.")});");
            return;
        }

        if (symbolic.Length == 0)
        {
            WriteLengthCheck(code, model, input, name);
        }

        Dimension known = input.Shape.Where(size => size.IsStatic).Aggregate(Dimension.One, (product, size) => product * size);
        string arguments = string.Concat(Enumerable.Range(0, input.Shape.Rank).Select(axis => input.Shape[axis].IsStatic ? $", {input.Shape[axis]}" : $", {name}.Length / {known}"));
        code.Line($"{method}(pointer{index}{arguments});");
    }

    private static void WriteLengthCheck(CodeWriter code, EmissionModel model, Value input, string name)
    {
        string count = model.Size(input.Shape.ElementCount);
        using (code.Block($"if ({name}.Length != {count})"))
        {
            code.Line($"ThrowWrongLength({CSharpText.Literal(input.Name)}, {count}, {name}.Length);");
        }

        code.Line();
    }

    /// <summary>The expression that hands out a result.</summary>
    private static string Output(EmissionModel model, int index)
    {
        Value output = model.Graph.Outputs[index];
        string type = output.ElementType.InterfaceName()!;
        string pointer = model.Address.Pointer(model.Lowered.Outputs[index]!);
        string count = $"checked((int){model.Size(output.Shape.ElementCount)})";
        string elements = IsText(output) ? $"ReadTexts({Position(model.RunOutputs, index)}, {pointer}, {count})" : $"{pointer}, {count}";
        if (IsSpan(output.Shape))
        {
            return IsText(output) ? elements : $"new ReadOnlySpan<{type}>({elements})";
        }

        string sizes = string.Join(", ", output.Shape.Select(size => $"(nint){model.Size(size)}"));
        return $"new global::System.Numerics.Tensors.ReadOnlyTensorSpan<{type}>({elements}, [{sizes}])";
    }

    private static void WriteResults(CodeWriter code, EmissionModel model, IReadOnlyList<int> outputs)
    {
        foreach (int index in outputs)
        {
            code.Line($"private {OutputType(model.Graph.Outputs[index])} Get{model.OutputNames[index]}() => {Output(model, index)};");
            code.Line();
        }

        for (int index = 0; index < model.Graph.ContainerOutputs.Count; index++)
        {
            code.Line($"private {SequenceEmitter.OutputType(model, index)} Get{model.ContainerOutputNames[index]}() => {SequenceEmitter.Output(model, index)};");
            code.Line();
        }

        code.Line("/// <summary>The results of a run; valid until the session is used again.</summary>");
        using (code.Block("public readonly ref struct Results"))
        {
            code.Line("private readonly Session _session;");
            code.Line();
            code.Line("internal Results(Session session) => _session = session;");
            foreach (int index in outputs)
            {
                code.Line();
                code.Line($"/// <summary>{CSharpText.Documentation(model.Graph.Outputs[index].ToString())}.</summary>");
                code.Line($"public {OutputType(model.Graph.Outputs[index])} {model.OutputNames[index]} => _session.Get{model.OutputNames[index]}();");
            }

            for (int index = 0; index < model.Graph.ContainerOutputs.Count; index++)
            {
                code.Line();
                code.Line($"/// <summary>{CSharpText.Documentation(model.Graph.ContainerOutputs[index].ToString())}.</summary>");
                code.Line($"public {SequenceEmitter.OutputType(model, index)} {model.ContainerOutputNames[index]} => _session.Get{model.ContainerOutputNames[index]}();");
            }
        }

        code.Line();
    }
}
