using Cameo.Generator.Graphs;
using Cameo.Generator.Lowering;

namespace Cameo.Generator.Emitting;

/// <summary>
/// Writes a <see cref="LoopNest"/> as a struct with one generic method over the vector type and the call that runs it. A row that is reduced is told in passes: one a
/// reduction, each with full vectors first and single elements after, then one that stores.
/// </summary>
internal sealed class LoopWriter
{
    private readonly LoopNest _nest;
    private readonly KernelWriter _writer;
    private readonly StructParameters _parameters;

    /// <summary>Local pointers to the row's elements of each input.</summary>
    private readonly string[] _pointers;

    /// <summary>The struct's parameters they start from.</summary>
    private readonly string[] _sources;
    private readonly string _target;
    private readonly bool _vector;

    /// <summary>C# names of values that are the same along a row, once they are computed.</summary>
    private readonly Dictionary<Expression, string> _rowValues = [];

    /// <summary>Expressions whose values an earlier pass left in the output row.</summary>
    private readonly HashSet<Expression> _stored = [];
    private readonly List<Action<CodeWriter>> _methods = [];

    /// <summary>Local names of the loop's method.</summary>
    private readonly Dictionary<string, int> _localNames = new(StringComparer.Ordinal);
    private int _passes;

    private LoopWriter(LoopNest nest, KernelWriter writer)
    {
        _nest = nest;
        _writer = writer;
        _parameters = new StructParameters(writer);
        _pointers = [.. nest.Inputs.Select((_, index) => $"input{index}")];
        _sources = [.. nest.Inputs.Select((input, index) => _parameters.Pointer(input.View, $"source{index}"))];
        _target = _parameters.Pointer(nest.Output.View, "target");
        _vector = IsVectorizable(nest);
    }

    private string Columns => _parameters.Size(_nest.Columns);

    /// <summary>Whether float32 lanes are converted as they are stored.</summary>
    private bool StoresNarrow => _nest.Output.View.ElementType != ElementType.Float32;

    /// <summary>Writes the loop's struct and its call.</summary>
    public static void Write(LoopNest nest, KernelWriter writer) => new LoopWriter(NarrowStreams.Widen(nest), writer).Write();

    /// <summary>Whether the loop runs on vectors: float32 throughout, and every stream dense or constant along the row.</summary>
    public static bool IsVectorizable(LoopNest nest) =>
        VectorSpelling.Supports(nest.Result) && nest.Result.Type == ElementType.Float32 && nest.InnerSizes.Count == 1
        && nest.Inputs.All(input => input.IsPerRow || input.HasUnitStride)
        && (nest.StoresRows || nest.Output.HasUnitStride || nest.Columns.Value == 1);

    /// <summary>About how many vector operations an element takes.</summary>
    public static int Cost(Expression expression)
    {
        var seen = new HashSet<Expression>();
        int Sum(Expression current) => !seen.Add(current) ? 0
            : (current is OperationExpression operation ? operation.Operation.IsExpensive() ? 12 : 1 : 0) + current.Operands.Sum(Sum);
        return Math.Max(1, Sum(expression));
    }

    private void Write()
    {
        string name = $"{_writer.Name}Loop";
        var body = new CodeWriter();
        if (_nest.Reduces)
        {
            WriteRow(body);
        }
        else
        {
            WriteElements(body);
        }

        var methods = new CodeWriter();
        foreach (Action<CodeWriter> method in _methods)
        {
            methods.Line();
            method(methods);
        }

        _writer.Helper(code =>
        {
            code.Line($"/// <summary>The loop of {_writer.Name}.</summary>");
            using (code.Block($"file readonly unsafe struct {name}{_parameters.Declaration} : {(_nest.Reduces ? "IRowLoop" : "IElementLoop")}"))
            {
                code.Line(body.ToString().TrimEnd('\n'));
                string rest = methods.ToString().TrimEnd('\n');
                if (rest.Length > 0)
                {
                    code.Line(rest);
                }
            }
        });

        int cost = Cost(_nest.Result);
        _writer.Line($"var loop = new {name}{_parameters.Arguments};");
        string rows = _writer.Size(_nest.Rows);
        string columns = _writer.Size(_nest.Columns);
        _writer.Line(_nest.Reduces
            ? $"Loops.Rows(Workers, ref loop, {rows}, {cost} * {columns});"
            : $"Loops.Elements(Workers, ref loop, {rows}, {columns}, {cost});");
    }

    private void WriteElements(CodeWriter code)
    {
        using (code.Block("public void Run<V>(long row, long begin, long end)\n    where V : struct, IVector<V>"))
        {
            WriteRowPointers(code);
            WriteRowInputs(code, _nest.Result);
            WriteRowSubexpressions(code, _nest.Result);
            if (_vector)
            {
                string method = AddElementMethod(_nest.Result, "Element", "the stored element");
                code.Line("long i;");
                WriteVectorLoop(code, "begin", "end", (vector, _) => Store(vector, method.Replace("<V>", $"<{vector}>"), "output + i"));
            }
            else
            {
                using (code.Block("for (long i = begin; i < end; i++)"))
                {
                    WriteScalarElement(code, _nest.Result);
                }
            }
        }
    }

    private void WriteRow(CodeWriter code)
    {
        using (code.Block("public void Run<V>(long row)\n    where V : struct, IVector<V>"))
        {
            if (_vector)
            {
                code.Line("long i;");
            }

            WriteRowPointers(code);
            WriteRowInputs(code, _nest.Result);
            foreach (ReductionExpression reduction in ReductionsInOrder())
            {
                WriteReduction(code, reduction);
            }

            if (_nest.StoresRows)
            {
                code.Line();
                string value = RowValue(code, _nest.Result);
                code.Line(_vector && StoresNarrow ? $"{Store("ScalarFloat", $"new ScalarFloat({value})", "output")};" : $"*output = {value};");
                return;
            }

            WriteRowSubexpressions(code, _nest.Result);
            code.Line();
            if (_vector)
            {
                string method = AddElementMethod(_nest.Result, "Result", "the stored element");
                code.Line("// Results of the row.");
                WriteVectorLoop(code, "0", Columns, (vector, _) => Store(vector, method.Replace("<V>", $"<{vector}>"), "output + i"));
            }
            else
            {
                using (code.Block($"for (long i = 0; i < {Columns}; i++)"))
                {
                    WriteScalarElement(code, _nest.Result);
                }
            }
        }
    }

    /// <summary>Full vectors from <paramref name="begin"/>, then single elements up to <paramref name="end"/>; <paramref name="between"/> stands between the two.</summary>
    private static void WriteVectorLoop(CodeWriter code, string begin, string end, Func<string, bool, string> statement, string between = "")
    {
        using (code.Block($"for (i = {begin}; i <= {end} - V.Count; i += V.Count)"))
        {
            code.Line($"{statement("V", false)};");
        }

        code.Line(between.Length > 0 ? $"\n{between}" : "");
        using (code.Block($"for (; i < {end}; i++)"))
        {
            code.Line($"{statement("ScalarFloat", true)};");
        }
    }

    private void WriteReduction(CodeWriter code, ReductionExpression reduction)
    {
        WriteRowSubexpressions(code, reduction.Operand);
        int pass = _passes++;
        string name = ExpressionWriter.Free(_localNames, reduction.Kind.ToString().ToLowerInvariant(), pass);
        code.Line();
        code.Line($"// Pass {pass + 1}: {reduction.Kind.ToString().ToLowerInvariant()} over the row.");
        if (_vector)
        {
            WriteVectorReduction(code, reduction, pass, name);
        }
        else
        {
            WriteScalarReduction(code, reduction, name);
        }

        _rowValues[reduction] = name;
    }

    private void WriteVectorReduction(CodeWriter code, ReductionExpression reduction, int pass, string name)
    {
        Expression? spill = Spill(reduction);
        string method = AddElementMethod(reduction.Operand, $"Term{pass}", $"what pass {pass + 1} combines", spill);
        (string identity, string reduce, string combine) = reduction.Kind switch
        {
            ReductionKind.Sum => ("V.Zero", "V.ReduceAdd", "{0} + {1}"),
            ReductionKind.Maximum => ("V.Broadcast(float.NegativeInfinity)", "V.ReduceMax", "{2}.Max({0}, {1})"),
            ReductionKind.Minimum => ("V.Broadcast(float.PositiveInfinity)", "V.ReduceMin", "{2}.Min({0}, {1})"),
            _ => throw new NotSupportedException(reduction.Kind.ToString()),
        };
        code.Line($"V lanes{pass} = {identity};");
        WriteVectorLoop(
            code,
            "0",
            Columns,
            (vector, tail) =>
            {
                string term = method.Replace("<V>", $"<{vector}>");
                return tail
                    ? $"{name} = ({string.Format(combine, $"new ScalarFloat({name})", term, "ScalarFloat")}).Value"
                    : $"lanes{pass} = {string.Format(combine, $"lanes{pass}", term, "V")}";
            },
            $"float {name} = {reduce}(lanes{pass});");

        if (spill is not null)
        {
            _stored.Add(spill);
        }
    }

    private void WriteScalarReduction(CodeWriter code, ReductionExpression reduction, string name)
    {
        // Sums of float32 are carried in double: single elements have no lanes to share the rounding.
        string type = reduction.Type is ElementType.Float32 or ElementType.Float16 && reduction.Kind is ReductionKind.Sum or ReductionKind.Product ? "double" : StructParameters.TypeName(reduction.Type);
        string element = StructParameters.TypeName(reduction.Type);
        string identity = reduction.Kind switch
        {
            ReductionKind.Sum => "0",
            ReductionKind.Product => "1",
            ReductionKind.Maximum => reduction.Type.IsFloat() ? $"{element}.NegativeInfinity" : reduction.Type == ElementType.Boolean ? "false" : $"{element}.MinValue",
            _ => reduction.Type.IsFloat() ? $"{element}.PositiveInfinity" : reduction.Type == ElementType.Boolean ? "true" : $"{element}.MaxValue",
        };
        code.Line($"{type} {name}Total = {identity};");
        using (code.Block($"for (long i = 0; i < {Columns}; i++)"))
        {
            string term = ScalarText(code, reduction.Operand);
            code.Line($"{name}Total = {reduction.Kind switch
            {
                ReductionKind.Sum => $"unchecked(({type})({name}Total + ({type}){term}))",
                ReductionKind.Product => $"unchecked(({type})({name}Total * ({type}){term}))",
                ReductionKind.Maximum => reduction.Type == ElementType.Boolean ? $"{name}Total | {term}" : reduction.Type == ElementType.Float16 ? $"Half.Max({name}Total, {term})" : $"Math.Max({name}Total, {term})",
                _ => reduction.Type == ElementType.Boolean ? $"{name}Total & {term}" : reduction.Type == ElementType.Float16 ? $"Half.Min({name}Total, {term})" : $"Math.Min({name}Total, {term})",
            }};");
        }

        code.Line($"{element} {name} = ({element}){name}Total;");
    }

    /// <summary>
    /// An expensive value that a reduction reads and the result reads again: kept in the output row instead of being computed twice (the exponentials of a softmax).
    /// The pass must be the last before the result, since later reductions would need it too, and the output must not be read as an input afterwards.
    /// </summary>
    private Expression? Spill(ReductionExpression reduction)
    {
        if (_nest.StoresRows || StoresNarrow || _stored.Count > 0 || reduction != ReductionsInOrder().Last())
        {
            return null;
        }

        Expression candidate = reduction.Operand;
        return candidate is OperationExpression operation && operation.Operation.IsExpensive() && IsReadByResult(candidate) && !ReadsElementInputs(_nest.Result, candidate) ? candidate : null;

        bool IsReadByResult(Expression wanted) => Reaches(_nest.Result, wanted);
        static bool Reaches(Expression from, Expression wanted) => from == wanted || (from is not ReductionExpression && from.Operands.Any(operand => Reaches(operand, wanted)));
        bool ReadsElementInputs(Expression from, Expression except) => from != except && from is not ReductionExpression
            && ((from is InputExpression input && !_nest.Inputs[input.Input].IsPerRow) || from.Operands.Any(operand => ReadsElementInputs(operand, except)));
    }

    private IReadOnlyList<ReductionExpression> ReductionsInOrder()
    {
        var order = new List<ReductionExpression>();
        var seen = new HashSet<Expression>();
        void Visit(Expression expression)
        {
            if (!seen.Add(expression))
            {
                return;
            }

            foreach (Expression operand in expression.Operands)
            {
                Visit(operand);
            }

            if (expression is ReductionExpression reduction)
            {
                order.Add(reduction);
            }
        }

        Visit(_nest.Result);
        return order;
    }

    /// <summary>Moves the struct's pointers to the row.</summary>
    private void WriteRowPointers(CodeWriter code)
    {
        int axes = _nest.RowSizes.Count;
        if (axes > 1)
        {
            code.Line("long rest = row;");
            for (int axis = axes - 1; axis >= 1; axis--)
            {
                string size = _parameters.Size(_nest.RowSizes[axis]);
                code.Line($"long row{axis} = rest % {size};");
                code.Line($"rest /= {size};");
            }
        }

        string Index(int axis) => axes == 1 ? "row" : axis == 0 ? "rest" : $"row{axis}";
        void Point(LoopStream stream, string parameter, string local)
        {
            string type = StructParameters.TypeName(stream.View.ElementType);
            List<string> terms = [];
            for (int axis = 0; axis < axes; axis++)
            {
                if (stream.RowStrides[axis] != Dimension.Zero)
                {
                    terms.Add(stream.RowStrides[axis] == Dimension.One ? Index(axis) : $"{Index(axis)} * {_parameters.Size(stream.RowStrides[axis])}");
                }
            }

            code.Line($"{type}* {local} = {parameter}{string.Concat(terms.Select(term => $" + {term}"))};");
        }

        for (int index = 0; index < _pointers.Length; index++)
        {
            Point(_nest.Inputs[index], _sources[index], _pointers[index]);
        }

        Point(_nest.Output, _target, "output");
    }

    /// <summary>Loads inputs that are the same along the row.</summary>
    private void WriteRowInputs(CodeWriter code, Expression root)
    {
        var seen = new HashSet<Expression>();
        void Visit(Expression expression)
        {
            if (!seen.Add(expression))
            {
                return;
            }

            if (expression is InputExpression input && _nest.Inputs[input.Input].IsPerRow)
            {
                string local = $"value{input.Input}";
                code.Line($"{StructParameters.TypeName(input.Type)} {local} = {LoadOne(input)};");
                _rowValues[input] = local;
            }

            if (expression is SizeExpression size)
            {
                string local = $"size{_rowValues.Count}";
                string type = StructParameters.TypeName(size.Type);
                code.Line($"{type} {local}Value = ({type})({_parameters.Size(size.Size)});");
                _rowValues[size] = $"{local}Value";
            }

            foreach (Expression operand in expression.Operands)
            {
                Visit(operand);
            }
        }

        Visit(root);
    }

    /// <summary>An input that is the same along the row; converted where the loop reads it as float32.</summary>
    private string LoadOne(InputExpression input)
    {
        ElementType stored = _nest.Inputs[input.Input].View.ElementType;
        return stored == input.Type ? $"*{_pointers[input.Input]}" : $"{EpilogueWriter.Load("ScalarFloat", stored, _pointers[input.Input])}.Value";
    }

    private string Store(string vector, string value, string address) => StoresNarrow
        ? $"NarrowLanes.Store<{vector}, {StructParameters.TypeName(_nest.Output.View.ElementType)}>({value}, {address})"
        : $"{vector}.Store({value}, {address})";

    /// <summary>Whether an expression is the same for all elements of a row.</summary>
    private bool IsPerRow(Expression expression) => _rowValues.ContainsKey(expression)
        || expression is ConstantExpression
        || (expression is OperationExpression && expression.Operands.All(IsPerRow));

    /// <summary>Computes the largest parts of an element's expression that are the same for the whole row before the loop over it.</summary>
    private void WriteRowSubexpressions(CodeWriter code, Expression root)
    {
        if (root is ConstantExpression || _rowValues.ContainsKey(root) || _stored.Contains(root) || root is ReductionExpression)
        {
            return;
        }

        if (root is OperationExpression && IsPerRow(root) && root.Type != ElementType.Boolean)
        {
            string local = $"value{_nest.Inputs.Count + _rowValues.Count}";
            if (_passes > 0)
            {
                code.Line();
            }

            code.Line($"{StructParameters.TypeName(root.Type)} {local} = {RowValue(code, root)};");
            _rowValues[root] = local;
            return;
        }

        foreach (Expression operand in root.Operands)
        {
            WriteRowSubexpressions(code, operand);
        }
    }

    /// <summary>A value per row as C# of its element type.</summary>
    private string RowValue(CodeWriter code, Expression expression)
    {
        if (_rowValues.TryGetValue(expression, out string? known))
        {
            return known;
        }

        if (!_vector)
        {
            return ExpressionWriter.Unwrap(new ExpressionWriter(code, ScalarSpelling.Format, ScalarLeaf, local => StructParameters.TypeName(local.Type), _localNames).Write(expression));
        }

        var writer = new ExpressionWriter(
            code,
            (operation, operands) => VectorSpelling.TryFormat(operation.Operation, operands, "ScalarFloat")!,
            leaf => leaf is ConstantExpression constant ? VectorSpelling.Constant(constant, "ScalarFloat") : _rowValues.TryGetValue(leaf, out string? name) ? $"new ScalarFloat({name})" : null,
            _ => "ScalarFloat",
            _localNames);
        return $"{writer.Write(expression)}.Value";
    }

    private void WriteScalarElement(CodeWriter code, Expression expression) =>
        code.Line($"output{Subscript(_nest.Output)} = {ExpressionWriter.Unwrap(ScalarText(code, expression))};");

    private string ScalarText(CodeWriter code, Expression expression)
    {
        if (_nest.InnerSizes.Count > 1)
        {
            code.Line("long element = i;");
            for (int axis = _nest.InnerSizes.Count - 1; axis >= 1; axis--)
            {
                string size = _parameters.Size(_nest.InnerSizes[axis]);
                code.Line($"long i{axis} = element % {size};");
                code.Line($"element /= {size};");
            }
        }

        return new ExpressionWriter(code, ScalarSpelling.Format, ScalarLeaf, local => StructParameters.TypeName(local.Type), _localNames).Write(expression);
    }

    private string? ScalarLeaf(Expression expression) => expression switch
    {
        ConstantExpression constant => ScalarSpelling.Constant(constant),
        _ when _rowValues.TryGetValue(expression, out string? known) => known,
        InputExpression input => $"{_pointers[input.Input]}{Subscript(_nest.Inputs[input.Input])}",
        _ => null,
    };

    private string Subscript(LoopStream stream)
    {
        if (stream.IsPerRow)
        {
            return "[0]";
        }

        List<string> terms = [];
        for (int axis = 0; axis < _nest.InnerSizes.Count; axis++)
        {
            if (stream.InnerStrides[axis] != Dimension.Zero)
            {
                string index = _nest.InnerSizes.Count == 1 ? "i" : axis == 0 ? "element" : $"i{axis}";
                terms.Add(stream.InnerStrides[axis] == Dimension.One ? index : $"{index} * {Parenthesise(_parameters.Size(stream.InnerStrides[axis]))}");
            }
        }

        return $"[{string.Join(" + ", terms)}]";
    }

    private static string Parenthesise(string text) => text.StartsWith("-", StringComparison.Ordinal) ? $"({text})" : text;

    /// <summary>Adds a static method that computes an expression at element <c>i</c> for any vector type; returns its call.</summary>
    private string AddElementMethod(Expression expression, string name, string meaning, Expression? spill = null)
    {
        List<(string Declaration, string Argument)> parameters = [];
        var seen = new HashSet<Expression>();
        Collect(expression);
        if (spill is not null || _stored.Any(stored => Reads(expression, stored)))
        {
            parameters.Add(("float* output", "output"));
        }

        parameters.Add(("long i", "i"));
        HashSet<Expression> stored = [.. _stored];
        Dictionary<Expression, string> rowValues = new(_rowValues);
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string taken in rowValues.Values)
        {
            ExpressionWriter.Reserve(names, taken);
        }

        _methods.Add(code =>
        {
            code.Line($"/// <summary>Lanes from element i on: {meaning}.</summary>");
            code.Line("[MethodImpl(MethodImplOptions.AggressiveInlining)]");
            using (code.Block($"private static V {name}<V>({string.Join(", ", parameters.Select(parameter => parameter.Declaration))})\n    where V : struct, IVector<V>"))
            {
                var writer = new ExpressionWriter(
                    code,
                    (operation, operands) => VectorSpelling.TryFormat(operation.Operation, operands)!,
                    leaf => stored.Contains(leaf) ? "V.Load(output + i)" : VectorLeaf(leaf, rowValues),
                    _ => "V",
                    names);
                string result = ExpressionWriter.Unwrap(writer.Write(expression));
                if (spill is null)
                {
                    code.Line($"return {result};");
                }
                else
                {
                    code.Line($"V result = {result};");
                    code.Line("V.Store(result, output + i); // read back by the last pass");
                    code.Line("return result;");
                }
            }
        });
        return $"{name}<V>({string.Join(", ", parameters.Select(parameter => parameter.Argument))})";

        void Collect(Expression current)
        {
            if (!seen.Add(current))
            {
                return;
            }

            if (_rowValues.TryGetValue(current, out string? known))
            {
                parameters.Add(($"float {known}", known));
            }
            else if (current is InputExpression input && !_stored.Contains(current))
            {
                parameters.Add(($"{StructParameters.TypeName(_nest.Inputs[input.Input].View.ElementType)}* {_pointers[input.Input]}", _pointers[input.Input]));
            }
            else if (!_stored.Contains(current))
            {
                foreach (Expression operand in current.Operands)
                {
                    Collect(operand);
                }
            }
        }

        static bool Reads(Expression from, Expression wanted) => from == wanted || from.Operands.Any(operand => Reads(operand, wanted));
    }

    private string? VectorLeaf(Expression expression, Dictionary<Expression, string> rowValues) => expression switch
    {
        ConstantExpression constant => VectorSpelling.Constant(constant),
        _ when rowValues.TryGetValue(expression, out string? known) => $"V.Broadcast({known})",
        InputExpression input => EpilogueWriter.Load("V", _nest.Inputs[input.Input].View.ElementType, $"{_pointers[input.Input]} + i"),
        _ => null,
    };
}
