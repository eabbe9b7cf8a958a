using Cameo.Generator.Emitting;
using Cameo.Sessions;
using Cameo.Tests.ControlFlow;
using Cameo.Tests.Infrastructure;
using Xunit;
using DataType = Cameo.Generator.Onnx.Proto.TensorProto.Types.DataType;

namespace Cameo.Tests.Compilation;

/// <summary>Graphs as tools leave them behind: out of order, with names and sizes that were written for another graph. What nodes compute is what counts.</summary>
public sealed class ForeignGraphTests : IDisposable
{
    private readonly SmallModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void NodesMayStandInAnyOrder()
    {
        OnnxModelBuilder then = new OnnxModelBuilder().Node("Add", ["late", "x"], ["sum"]).Output("sum", 2);
        OnnxModelBuilder otherwise = new OnnxModelBuilder().Node("Neg", ["late"], ["negative"]).Output("negative", 2);
        OnnxModelBuilder builder = new OnnxModelBuilder()
            .Input("x", 2).Input("flag", DataType.Bool)
            .Node("Mul", ["chosen", "late"], ["y"])
            .Node("If", ["flag"], ["chosen"], ("then_branch", then), ("else_branch", otherwise))
            .Node("Exp", ["x"], ["late"])
            .Output("y", 2);
        using CompiledModel model = _models.Load("Unsorted", builder);
        using CompiledSession session = model.CreateSession();
        float[] x = [0.5f, -1];
        float[] Expected(Func<double, double, double> chosen) => [.. x.Select(number => (float)(chosen(Math.Exp(number), number) * Math.Exp(number)))];
        float[] Run(bool flag) => SmallModels.Run(session, "y", ("x", Tensor.Create<float>(x, 2)), ("flag", Tensor.Create<bool>([flag])));
        Assert.Equal(Expected(static (late, number) => late + number), Run(true), static (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal(Expected(static (late, _) => -late), Run(false), static (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void NodesThatWaitForEachOtherAreRefused()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2)
            .Node("Add", ["x", "b"], ["a"]).Node("Neg", ["a"], ["b"]).Output("b", 2);
        Assert.Contains("input 'b' is made by no earlier node", _models.Refusal("Circle", builder), StringComparison.Ordinal);
    }

    /// <summary>Two names that are declared for each other's sizes would define one another.</summary>
    [Fact]
    public void SizesWhoseNamesAreExchangedStayWhatTheyAre()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "rows", "columns")
            .Node("Transpose", ["x"], ["t"], ("perm", new long[] { 1, 0 })).Node("Neg", ["t"], ["y"])
            .Output("t", "rows", "columns").Output("y", "rows", "columns");
        using CompiledModel model = _models.Load("Exchanged", builder);
        using CompiledSession session = model.CreateSession();
        Tensor y = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create<float>([1, 2, 3, 4, 5, 6], 2, 3) })["y"];
        Assert.Equal([3, 2], y.Shape.ToArray());
        Assert.Equal([-1, -4, -2, -5, -3, -6], y.AsSpan<float>().ToArray());
    }

    /// <summary><c>b = 2 a</c> and <c>a = 2 b</c>: only the first can be believed.</summary>
    [Fact]
    public void SizesThatAreDefinedByOneAnotherAreNoEndlessRegress()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "a").Input("z", "b")
            .Node("Concat", ["x", "x"], ["y"], ("axis", 0)).Node("Concat", ["z", "z"], ["w"], ("axis", 0))
            .Output("y", "b").Output("w", "a");
        using CompiledModel model = _models.Load("Regress", builder);
        using CompiledSession session = model.CreateSession();
        (string, Tensor)[] inputs = [("x", Tensor.Create<float>([1, 2], 2)), ("z", Tensor.Create<float>([1, 2, 3, 4], 4))];
        Assert.Equal([1, 2, 1, 2], SmallModels.Run(session, "y", inputs));
        Assert.Equal([1, 2, 3, 4, 1, 2, 3, 4], SmallModels.Run(session, "w", inputs));
    }

    [Fact]
    public void SizesThatWereDeclaredForAnotherGraphAreNotBelieved()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", 2, 3)
            .Node("Transpose", ["x"], ["y"], ("perm", new long[] { 1, 0 })).Output("y", 2, 3);
        using CompiledModel model = _models.Load("Declared", builder);
        using CompiledSession session = model.CreateSession();
        Tensor y = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create<float>([1, 2, 3, 4, 5, 6], 2, 3) })["y"];
        Assert.Equal([3, 2], y.Shape.ToArray());
        Assert.Equal([1, 4, 2, 5, 3, 6], y.AsSpan<float>().ToArray());
    }

    /// <summary>The names are those of classes that generated code calls, and of members of sessions.</summary>
    [Fact]
    public void NodesMayHaveTheNamesOfTheLibrary()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("x", "n", 4).Input("indices", DataType.Int64, 3).Weight("w", 4, 4)
            .Node("Gather", ["x", "indices"], ["rows"]).Node("MatMul", ["rows", "w"], ["product"]).Node("Softmax", ["product"], ["y"])
            .Output("y", 3, 4)
            .Rename(static (_, type) => type switch { "Gather" => "gather", "MatMul" => "matmul.matrix_multiply", _ => "fork" });
        using CompiledModel model = _models.Load("Library", builder);
        using CompiledSession session = model.CreateSession();
        float[] w = OnnxModelBuilder.WeightValues("w", 4, 4);
        float[] row = [.. Enumerable.Range(0, 4).Select(column => w[4 + column])];
        double sum = row.Sum(static number => Math.Exp(number));
        Assert.Equal(
            row.Select(number => (float)(Math.Exp(number) / sum)),
            SmallModels.Run(session, "y", ("x", Tensor.Create<float>([0, 1, 0, 0], 1, 4)), ("indices", Tensor.Create<long>([0, 0, 0], 3)))[..4],
            static (a, b) => Math.Abs(a - b) < 1e-6);
    }

    /// <summary>A kernel's method must not hide what the session inherits.</summary>
    [Fact]
    public void AllMembersOfSessionsAndModelsAreReserved()
    {
        const System.Reflection.BindingFlags All = System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic;
        IEnumerable<string> members = new[] { typeof(CompiledSession), typeof(CompiledModel) }.SelectMany(static type => type.GetMembers(All))
            .Where(static member => member switch
            {
                System.Reflection.MethodBase method => !method.IsPrivate && !method.IsAssembly && !method.IsSpecialName,
                System.Reflection.PropertyInfo property => property.GetMethod is { IsPrivate: false, IsAssembly: false },
                _ => false,
            })
            .Select(static member => member.Name);
        Assert.Empty(members.Except(EmissionModel.SessionMembers));
    }

    [Theory]
    [InlineData("Attention")]
    [InlineData("CompiledModel")]
    [InlineData("Session")]
    public void ClassesThatTheirOwnCodeUsesAreRefused(string className)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(24).Input("q", 1, 1, 2, 4).Input("k", 1, 1, 2, 4).Input("v", 1, 1, 2, 4)
            .Node("Attention", ["q", "k", "v"], ["y"]).Output("y", 1, 1, 2, 4);
        Assert.Contains($"the generated code uses a class that is called '{className}' itself", _models.Refusal(className, builder), StringComparison.Ordinal);
    }

    [Fact]
    public void TheCompilersOwnDomainIsRefused()
    {
        OnnxModelBuilder builder = new OnnxModelBuilder().Input("q", 1, 1, 2, 4).Input("k", 1, 1, 2, 4).Input("v", 1, 1, 2, 4)
            .Node("cameo.Attention", ["q", "k", "v"], ["y"]).Output("y", 1, 1, 2, 4);
        string refusal = _models.Refusal("Internal", builder);
        Assert.Contains("cameo.Attention 'y_Attention'", refusal, StringComparison.Ordinal);
        Assert.Contains("the domain 'cameo' is the compiler's own and cannot be used by models", refusal, StringComparison.Ordinal);
    }
}
