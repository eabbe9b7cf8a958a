using Cameo.Generator.Graphs;
using Cameo.Generator.Passes.Recognition.Masks;
using Xunit;

namespace Cameo.Tests.Recognition;

/// <summary>What masks mean, from expressions over the indices of row, head, query and key.</summary>
public sealed class MaskAnalysisTests
{
    private const double Lowest = float.MinValue;

    private static readonly Dimension Past = Dimension.Symbol("past");
    private static readonly Dimension Sequence = Dimension.Symbol("sequence");

    private readonly MaskSpace _space = new(Symbols(), Dimension.Symbol("batch"), 4, Sequence, Past + Sequence);

    [Fact]
    public void InequalitiesAreProvenAtTheEndsOfTheIndices()
    {
        Assert.True(_space.IsNonNegative(Past + Sequence - Dimension.One - _space.Key));
        Assert.True(_space.IsNonNegative(_space.Query));
        Assert.False(_space.IsNonNegative(Past + _space.Query - _space.Key));
        Assert.False(_space.IsNonNegative(_space.Query - Dimension.One));
        Assert.False(_space.IsNonNegative(Sequence - Dimension.One - _space.Key));
    }

    [Fact]
    public void MergedIndicesAreDividedAgain()
    {
        Dimension merged = _space.Row * 4 + _space.Head;
        Assert.Equal((_space.Row, _space.Head), _space.Divide(merged, 4));
        Dimension positions = _space.Query * (Past + Sequence) + _space.Key;
        Assert.Equal((_space.Query, _space.Key), _space.Divide(positions, Past + Sequence));
        Assert.Null(_space.Divide(_space.Key, 4));
    }

    [Fact]
    public void CausalIsRelativeToThePast()
    {
        MaskFinding? finding = Analyze(out _, Hide(Greater(_space.Key, Past + _space.Query)));
        Assert.True(finding is { IsCausal: true, Window: 0, Conditions.Count: 0, CanBeFullyMasked: false });
        Assert.Null(Analyze(out string reason, Hide(Greater(_space.Key, _space.Query))));
        Assert.Contains("neither causal behind past keys nor a window", reason);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void TheTightestWindowCounts(long window)
    {
        MaskExpression tooOld = Greater(Past + _space.Query - window + Dimension.One, _space.Key);
        MaskExpression older = Greater(Past + _space.Query - 9, _space.Key);
        MaskFinding? finding = Analyze(out _, Hide(Greater(_space.Key, Past + _space.Query)), Hide(tooOld), Hide(older));
        Assert.True(finding is { IsCausal: true, CanBeFullyMasked: false });
        Assert.Equal(window, finding.Window);
    }

    [Fact]
    public void AWindowOpenToTheFutureIsNone()
    {
        Assert.Null(Analyze(out string reason, Hide(Greater(Past + _space.Query - 3, _space.Key))));
        Assert.Contains("behind the query's own position", reason);
    }

    [Fact]
    public void WhatFollowsFromAnotherInequalityIsNoCondition()
    {
        // key > query + past holds only where key > query does.
        MaskExpression future = Greater(_space.Key, Past + _space.Query);
        MaskExpression upper = Select(Greater(_space.Key, _space.Query), new MaskNumber(Lowest), MaskExpression.False);
        MaskExpression both = Operation(MaskOperator.Multiply, upper, future);
        Assert.True(Analyze(out _, new ScoreAddition(both, ElementType.Float32)) is { IsCausal: true, Window: 0 });
    }

    [Fact]
    public void ADisjunctionIsNoConjunction()
    {
        MaskExpression visible = new MaskOperation(MaskOperator.Or, ElementType.Boolean, [Greater(3, _space.Key), Not(Greater(_space.Key, Past + _space.Query))]);
        Assert.Null(Analyze(out string reason, new ScoreReplacement(visible, false, double.NegativeInfinity)));
        Assert.Contains("no conjunction", reason);
    }

    [Fact]
    public void NumbersThatHideNothingAreABias()
    {
        var analysis = new MaskAnalysis(_space, Past, Past + Sequence);
        Assert.Null(analysis.Analyze([new ScoreAddition(Select(Greater(_space.Key, _space.Query), new MaskNumber(-5), MaskExpression.False), ElementType.Float32)]));
        Assert.True(analysis.IsBias);
    }

    [Theory]
    [InlineData((int)ElementType.Int64)]
    [InlineData((int)ElementType.Boolean)]
    [InlineData((int)ElementType.Float32)]
    public void PaddingIsAnElementThatIsNotZero(int type)
    {
        MaskElement element = Element((ElementType)type);
        MaskExpression isZero = Operation(MaskOperator.Equal, element, MaskExpression.False);
        MaskFinding? finding = Analyze(out _, Hide(isZero));
        MaskCondition condition = Assert.Single(finding!.Conditions);
        Assert.Equal((element.Key, MaskTruth.NotZero), (condition.Element.Key, condition.Truth));
        Assert.True(finding is { CanBeFullyMasked: true, FullyMasked: "uniform" });
    }

    [Fact]
    public void OneMinusTheMaskMustBeZero()
    {
        // (1 - m) ≠ 0 → hidden: of all integers only 1 is a token.
        MaskExpression inverted = Operation(MaskOperator.Subtract, new MaskNumber(1), Element(ElementType.Int64));
        MaskExpression hides = Operation(MaskOperator.ToBoolean, inverted);
        var term = new ScoreAddition(Select(hides, new MaskNumber(double.NegativeInfinity), inverted), ElementType.Float32);
        MaskFinding? finding = Analyze(out _, term);
        Assert.Equal(MaskTruth.One, Assert.Single(finding!.Conditions).Truth);
        Assert.Equal("nan", finding.FullyMasked);
    }

    [Fact]
    public void AMultipliedMaskOfIntegersIsZerosAndOnes()
    {
        MaskExpression product = Operation(MaskOperator.Multiply, Operation(MaskOperator.Subtract, new MaskNumber(1), Element(ElementType.Int64)), new MaskNumber(-10000));
        MaskFinding? finding = Analyze(out _, new ScoreAddition(product, ElementType.Float32));
        Assert.Equal(MaskTruth.NotZero, Assert.Single(finding!.Conditions).Truth);

        // -10000 leaves the scores' differences: what a row of padding gives has no name.
        Assert.Null(finding.FullyMasked);
        Assert.Null(Analyze(out _, new ScoreAddition(Operation(MaskOperator.Multiply, Element(ElementType.Float32), new MaskNumber(-10000)), ElementType.Float32)));
    }

    [Fact]
    public void TwoLowestNumbersOverflowUnlessTheyAreCutOff()
    {
        ScoreStep[] masks = [Hide(Greater(_space.Key, Past + _space.Query)), Hide(Operation(MaskOperator.Equal, Element(ElementType.Int64), MaskExpression.False))];
        Assert.True(Analyze(out _, masks) is { IsCausal: true, CanBeFullyMasked: true, FullyMasked: null });
        Assert.True(Analyze(out _, [.. masks, new ScoreFloor(Lowest)]) is { IsCausal: true, FullyMasked: "uniform" });
    }

    [Fact]
    public void AConstantBandIsReadFromItsElements()
    {
        float[] elements = [.. Enumerable.Range(0, 36).Select(static index => (index % 6) - (index / 6) is >= -2 and <= 0 ? 0f : float.NegativeInfinity)];
        var graph = new Graph("test");
        Value table = graph.AddConstant("table", ConstantElements.FromFloats(elements, Shape.Of(6, 6)));
        var space = new MaskSpace(new SymbolTable(), 1, 1, 6, 6);
        MaskExpression element = new MaskReader(space).Read(table, [space.Query, space.Key]);
        MaskFinding? finding = new MaskAnalysis(space, 0, 6).Analyze([new ScoreAddition(element, ElementType.Float32)]);
        Assert.True(finding is { IsCausal: true, Window: 3, CanBeFullyMasked: false });
    }

    [Fact]
    public void ReshapesAreMatchedInRunsOfAxes()
    {
        Dimension batch = Dimension.Symbol("batch");
        Assert.Equal(
            [(0, 2, 0, 1), (2, 3, 1, 2), (3, 4, 2, 4)],
            ReshapeGroups.Match(new Shape([batch, 4, Sequence, 16]), new Shape([batch * 4, Sequence, 2, 8])));
        Assert.Null(ReshapeGroups.Match(new Shape([batch, 4]), new Shape([batch, 5])));
    }

    private static SymbolTable Symbols()
    {
        var symbols = new SymbolTable();
        symbols.Declare("past", new DimensionRange(0, 64));
        symbols.Declare("sequence", new DimensionRange(1, 64));
        symbols.Declare("batch", new DimensionRange(1, 8));
        return symbols;
    }

    private MaskFinding? Analyze(out string reason, params ScoreStep[] steps)
    {
        var analysis = new MaskAnalysis(_space, Past, Past + Sequence);
        MaskFinding? finding = analysis.Analyze(steps);
        reason = analysis.Reason;
        return finding;
    }

    private MaskElement Element(ElementType type) =>
        new(new Value("mask") { Type = new TensorType(type, new Shape([Dimension.Symbol("batch"), Past + Sequence])) }, [_space.Row, _space.Key]);

    private static ScoreAddition Hide(MaskExpression condition) => new(Select(condition, new MaskNumber(Lowest), MaskExpression.False), ElementType.Float32);

    private static MaskExpression Greater(Dimension left, Dimension right) => new MaskInequality(left - right - Dimension.One);

    private static MaskExpression Not(MaskExpression truth) => new MaskOperation(MaskOperator.Not, ElementType.Boolean, [truth]);

    private static MaskExpression Select(MaskExpression condition, MaskExpression whenTrue, MaskExpression whenFalse) =>
        new MaskOperation(MaskOperator.Select, ElementType.Float32, [condition, whenTrue, whenFalse]);

    private static MaskExpression Operation(MaskOperator operation, params MaskExpression[] operands) => new MaskOperation(operation, ElementType.Float32, operands);
}
